import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { describeModel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import type { UserRecord } from '#server/users/users'
import type { channelOffer, ChannelOfferReply } from '#shared/schemas/catalogue'
import { auditOf } from './audit-of'
import { requireExpected } from './each-of'

type Offer = z.output<typeof channelOffer>['items'][number]
type Outcome = ChannelOfferReply['items'][number]

/** Puts models of a channel's upstream on sale; one that is listed already gets a route there and keeps its prices. */
export async function offerModels(admin: UserRecord, channel: string, offers: Offer[]): Promise<Outcome[]> {
  await useRuntime().channels.require(channel)
  const outcomes: Outcome[] = []
  for (const offer of offers) {
    try {
      outcomes.push({ name: offer.name, outcome: await offerModel(admin, channel, offer), problem: null })
    }
    catch (error) {
      outcomes.push({ name: offer.name, outcome: 'refused', problem: requireExpected(error) })
    }
  }
  return outcomes
}

async function offerModel(admin: UserRecord, channel: string, { cost, ...offer }: Offer): Promise<Outcome['outcome']> {
  const { catalog, models } = useRuntime()
  const route = { channel, upstream: '', ...(cost ? { cost } : {}) }
  const also = auditOf(admin, 'model.create', describeModel)
  try {
    await models.create({ ...offer, description: '', enabled: true, routes: [{ ...route, priority: 0, weight: 1 }] }, also)
    return 'created'
  }
  catch (error) {
    if (!(error instanceof AppError && error.code === 'already_exists')) throw error
  }
  const present = await catalog.findModel(offer.name)
  if (!present) throw new AppError('changed_meanwhile', { kind: 'model' })
  return await models.addRoute(present.id, route, auditOf(admin, 'model.put', describeModel)) ? 'routed' : 'listed'
}
