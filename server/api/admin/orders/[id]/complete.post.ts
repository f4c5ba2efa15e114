import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { describeOrder, describeOrderChange } from '#server/utils/describe-order'
import { api } from '#shared/schemas/api'

export default defineApi(api.completeOrder, async ({ user, params, body }) => {
  const audit = auditOf(user, 'order.complete', describeOrderChange)
  return describeOrder(await useRuntime().payments.complete(params.id, body, audit))
})
