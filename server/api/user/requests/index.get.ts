import { toRequestPage, toRequestReply } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { ownRequestFilter } from '#server/utils/own-requests'
import { api } from '#shared/schemas/api'

export default defineApi(api.listOwnRequests, async ({ user, query }) =>
  toRequestPage(await useRuntime().statement.listRequests(await ownRequestFilter(user.id, query), query), toRequestReply))
