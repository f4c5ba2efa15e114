import { toRequestPage, toRequestReply, toSeries, toTally } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.usage, async ({ user, query }) => {
  const { catalog, statement, statistics } = useRuntime()
  const model = query.model === undefined ? undefined : { id: (await catalog.findModel(query.model))?.id, name: query.model }
  const [series, requests] = await Promise.all([
    statistics.ofUser(user.id, query.days),
    statement.listRequests({ user: user.id, key: query.key, model, failed: query.outcome === 'failed' }, query),
  ])
  return { ...toSeries(series, toTally), requests: toRequestPage(requests, toRequestReply) }
})
