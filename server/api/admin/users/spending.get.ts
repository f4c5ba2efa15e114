import { toAdminTally } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.userSpending, async ({ query }) => {
  const totals = await useRuntime().statistics.ofUsers(query.users)
  return {
    items: totals.map(({ today, sevenDays, thirtyDays }, index) => ({ user: query.users[index]!, today: toAdminTally(today), sevenDays: toAdminTally(sevenDays), thirtyDays: toAdminTally(thirtyDays) })),
    next: null,
  }
})
