import { useRuntime } from '#server/runtime'
import { auditStep } from '#server/users/audit'
import { defineApi } from '#server/utils/define-api'
import { describeKey } from '#server/utils/describe-key'
import { api } from '#shared/schemas/api'

export default defineApi(api.switchUserKey, async ({ user: admin, params, body }) => {
  const state = await useRuntime().keys.patch(params.uid, params.key, { enabled: body.enabled }, key => [auditStep({
    admin: { id: admin.id, username: admin.username },
    action: 'key.put',
    target: params.key,
    before: { user: params.uid, name: key.name, enabled: key.enabled },
    after: { user: params.uid, name: key.name, enabled: body.enabled },
  })])
  return describeKey(state)
})
