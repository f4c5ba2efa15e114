import { toAdminRequest, toRequestPage } from '#server/billing/replies'
import { filterOfOutcome } from '#server/billing/statement'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listRequests, async ({ query }) => {
  const { catalog, statement, users } = useRuntime()
  const { user, key, channel } = query
  const model = query.model === undefined ? undefined : { id: (await catalog.findModel(query.model))?.id, name: query.model }
  const page = await statement.listRequests({ user, key, channel, model, ...filterOfOutcome(query.outcome) }, query)
  const names = await users.namesOf(page.items.map(request => request.user))
  return toRequestPage(page, request => toAdminRequest(request, names.get(request.user) ?? ''))
})
