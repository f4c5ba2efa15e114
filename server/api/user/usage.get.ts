import { toRequestPage, toRequestReply, toSeries, toTally } from '#server/billing/replies'
import { filterOfOutcome } from '#server/billing/statement'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'
import { formatNano } from '#shared/utils/money'

export default defineApi(api.usage, async ({ user, query }) => {
  const { catalog, statement, statistics } = useRuntime()
  const model = query.model === undefined ? undefined : { id: (await catalog.findModel(query.model))?.id, name: query.model }
  const [series, requests] = await Promise.all([
    statistics.ofUser(user.id, query.days),
    statement.listRequests({ user: user.id, key: query.key, model, ...filterOfOutcome(query.outcome) }, query),
  ])
  return {
    ...toSeries(series, toTally),
    models: await Promise.all(series.models.map(async ({ id, total, costs }) => ({ model: (await catalog.findModelById(id))?.name ?? id, total: toTally(total), costs: costs.map(formatNano) }))),
    rest: series.rest.map(formatNano),
    requests: toRequestPage(requests, toRequestReply),
  }
})
