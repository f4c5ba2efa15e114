import { useRuntime } from '#server/runtime'
import { auditOf } from '#server/utils/audit-of'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'
import type { AlertReply } from '#shared/schemas/alert'

export default defineApi(api.dismissAlert, async ({ user, params }) => {
  const audit = auditOf<AlertReply>(user, 'alert.dismiss', ({ kind, order, params }) => ({ kind, order, params }))
  await useRuntime().payments.alerts.dismiss(params.id, alert => audit(alert, undefined))
  return { ok: true as const }
})
