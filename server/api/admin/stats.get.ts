import { toAdminTally, toSeries } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.stats, async ({ query }) => {
  const { catalog, openRequests, outboxSize, statistics, users } = useRuntime()
  const shop = await statistics.ofShop(query.days)
  const names = await users.namesOf(shop.users.map(row => row.id))
  return {
    ...toSeries(shop, toAdminTally),
    models: await Promise.all(shop.models.map(async ({ id, tally }) => ({ model: (await catalog.findModelById(id))?.name ?? id, ...toAdminTally(tally) }))),
    channels: shop.channels.map(({ id, tally }) => ({ channel: id, ...toAdminTally(tally) })),
    users: shop.users.map(({ id, tally }) => ({ user: id, username: names.get(id) ?? '', ...toAdminTally(tally) })),
    open: openRequests(),
    outbox: outboxSize(),
  }
})
