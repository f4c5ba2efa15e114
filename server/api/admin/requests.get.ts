import { toAdminRequest, toRequestPage } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { ownRequestFilter } from '#server/utils/own-requests'
import { api } from '#shared/schemas/api'

export default defineApi(api.listRequests, async ({ query }) => {
  const { statement, users } = useRuntime()
  const page = await statement.listRequests({ ...await ownRequestFilter(query.user, query), channel: query.channel }, query)
  const names = await users.namesOf(page.items.map(request => request.user))
  return toRequestPage(page, request => toAdminRequest(request, names.get(request.user) ?? ''))
})
