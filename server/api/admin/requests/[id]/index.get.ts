import { toAdminRequest } from '#server/billing/replies'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.findRequest, async ({ params }) => {
  const { statement, users } = useRuntime()
  const record = await statement.findRequest(params.id, undefined)
  if (!record) throw new AppError('record_not_found', { kind: 'request' })
  const names = await users.namesOf([record.user])
  return toAdminRequest(record, names.get(record.user) ?? '')
})
