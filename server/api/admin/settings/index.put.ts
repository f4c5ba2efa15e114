import { useRuntime } from '#server/runtime'
import { auditStep } from '#server/users/audit'
import { defineApi } from '#server/utils/define-api'
import { describeSettings } from '#server/utils/describe-settings'
import { api } from '#shared/schemas/api'

export default defineApi(api.putSettings, async ({ user, body }) => {
  await useRuntime().shopSettings.write(body, before => [auditStep({
    admin: { id: user.id, username: user.username },
    action: 'settings.put',
    target: body.group,
    before,
    after: body.settings,
  })])
  return describeSettings()
})
