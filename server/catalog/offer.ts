/** What a model offers to whoever looks at the price list. */
import type { DialectId } from '#shared/schemas/channel'
import type { UsageClass } from '#shared/schemas/usage-class'
import { dialectIds } from '#shared/schemas/channel'
import type { Modality } from '#shared/utils/modalities'
import type { LiveRoute, ModelOnSale } from './catalog'

const byPrice: [UsageClass, Modality][] = [
  ['imageInput', 'image_in'],
  ['audioInput', 'audio_in'],
  ['audioSeconds', 'audio_in'],
  ['image', 'image_out'],
  ['audioOutput', 'audio_out'],
  ['characters', 'audio_out'],
  ['search', 'rerank'],
]
/** Sold by these units a model makes or reads something else than a conversation. */
const apart: UsageClass[] = ['image', 'audioSeconds', 'characters', 'search']
const byName: [RegExp, Modality][] = [[/embed/i, 'embeddings'], [/rerank/i, 'rerank'], [/moderation/i, 'moderation']]

/** As the admin typed them; where nobody did, what the prices and the name tell. */
export function modalitiesOf({ name, modalities = [], prices }: ModelOnSale): Modality[] {
  if (modalities.length > 0) return modalities
  const named = byName.find(([pattern]) => pattern.test(name))
  if (named) return [named[1]]
  const priced = byPrice.flatMap(([usageClass, modality]) => prices[usageClass] === undefined ? [] : [modality])
  return [...new Set<Modality>([...(apart.some(usageClass => prices[usageClass] !== undefined) ? [] : ['text' as const]), ...priced])]
}

/** The dialects a model can be called in: a conversation in all of them, anything else where its endpoint exists. */
export function dialectsOf(modalities: Modality[], routes: LiveRoute[]): DialectId[] {
  if (modalities.includes('text')) return [...dialectIds]
  const upstream = new Set(routes.map(route => route.channel.dialect))
  if (modalities.includes('embeddings')) return upstream.has('openai-chat') || upstream.has('gemini') ? ['openai-chat', 'gemini'] : []
  return upstream.has('openai-chat') ? ['openai-chat'] : []
}
