import { describeBatch, toBatchReply } from '#server/billing/codes/index'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.putCodes, async ({ user, params, body }) =>
  toBatchReply(await useRuntime().codes.change(params.id, body, auditOf(user, 'codes.put', describeBatch))))
