import { useRuntime } from '#server/runtime'
import { auditStep } from '#server/users/audit'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.putPaymentSettings, ({ user, body }) => useRuntime().paymentSettings.write(body, before => [auditStep({
  admin: { id: user.id, username: user.username },
  action: 'settings.put',
  target: 'payments',
  before,
  after: body.settings,
})]))
