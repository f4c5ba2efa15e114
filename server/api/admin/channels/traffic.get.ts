import { answerMsOf, toAdminTally } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.channelTraffic, async ({ query }) => {
  const rows = await useRuntime().statistics.ofChannels(query.days)
  return { items: rows.map(({ id, tally }) => ({ channel: id, ...toAdminTally(tally), answerMs: answerMsOf(tally) })), next: null }
})
