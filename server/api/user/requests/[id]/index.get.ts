import { toRequestDetail } from '#server/billing/replies'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.getRequest, async ({ user, params }) => {
  const record = await useRuntime().statement.findRequest(params.id, user.id)
  if (!record) throw new AppError('record_not_found', { kind: 'request' })
  return toRequestDetail(record)
})
