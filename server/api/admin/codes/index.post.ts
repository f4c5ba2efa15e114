import { describeBatch, toBatchReply } from '#server/billing/codes/index'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.createCodes, async ({ user, body }) => {
  const { batch, codes } = await useRuntime().codes.create(body, auditOf(user, 'codes.create', describeBatch))
  return { batch: toBatchReply({ batch, redeemed: 0 }), codes }
})
