import { describeModel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.deleteModel, async ({ user, params }) => {
  await useRuntime().models.delete(params.id, auditOf(user, 'model.delete', describeModel))
  return { ok: true as const }
})
