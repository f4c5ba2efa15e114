import { answerMsOf, toAdminTally, toSeries } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

/** Days; fewer make no chart. */
const SHORTEST_CHART = 7

export default defineApi(api.stats, async ({ query }) => {
  const { catalog, openRequests, outboxSize, statistics, users } = useRuntime()
  const shop = await statistics.ofShop(query.days, Math.max(query.days, SHORTEST_CHART))
  const names = await users.namesOf(shop.users.map(row => row.id))
  return {
    ...toSeries(shop, toAdminTally),
    range: toAdminTally(shop.range),
    previous: toAdminTally(shop.previous),
    models: await Promise.all(shop.models.map(async ({ id, tally }) => ({ model: (await catalog.findModelById(id))?.name ?? id, ...toAdminTally(tally) }))),
    channels: await Promise.all(shop.channels.map(async ({ id, tally }) => ({ channel: id, name: (await catalog.findChannel(id))?.name ?? id, ...toAdminTally(tally), answerMs: answerMsOf(tally) }))),
    users: shop.users.map(({ id, tally }) => ({ user: id, username: names.get(id) ?? '', ...toAdminTally(tally) })),
    open: openRequests(),
    outbox: outboxSize(),
  }
})
