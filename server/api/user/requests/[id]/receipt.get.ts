import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.receipt, ({ user, params }) => useRuntime().receipts.of(params.id, user.id))
