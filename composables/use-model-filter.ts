import type { DialectId } from '#shared/schemas/channel'
import type { PublicModel } from '#shared/schemas/model'
import type { Modality } from '#shared/utils/modalities'

/** Credits per million input tokens, as steps people think in. */
export const priceSteps = ['0', '0.5', '2', '5'] as const
export const modelOrders = ['byName', 'byInput', 'byOutput', 'byContext'] as const

export interface ModelFilter {
  search: string
  dialect: DialectId | ''
  modality: Modality | ''
  upTo: typeof priceSteps[number] | ''
  order: typeof modelOrders[number]
}

export const emptyModelFilter = (): ModelFilter => ({ search: '', dialect: '', modality: '', upTo: '', order: 'byName' })

const nano = (price: string) => parseNano(price) ?? 0n

const comparers: Record<ModelFilter['order'], (a: PublicModel, b: PublicModel) => number> = {
  byName: (a, b) => a.name.localeCompare(b.name, 'en'),
  byInput: (a, b) => compareNano(a.prices.input, b.prices.input),
  byOutput: (a, b) => compareNano(a.prices.output, b.prices.output),
  byContext: (a, b) => (b.context ?? 0) - (a.context ?? 0),
}

function compareNano(a: string, b: string): number {
  const [one, other] = [nano(a), nano(b)]
  return one < other ? -1 : one > other ? 1 : 0
}

/** The models a reader asked for, in the order he asked for; equals stay in the order of their names. */
export function filterModels(models: PublicModel[], filter: ModelFilter): PublicModel[] {
  const wanted = filter.search.trim().toLowerCase()
  return models
    .filter(model => `${model.name} ${model.description}`.toLowerCase().includes(wanted))
    .filter(model => filter.dialect === '' || model.dialects.includes(filter.dialect))
    .filter(model => filter.modality === '' || model.modalities.includes(filter.modality))
    .filter(model => filter.upTo === '' || nano(model.prices.input) <= nano(filter.upTo))
    .sort(comparers.byName)
    .sort(comparers[filter.order])
}
