import { useRuntime } from '#server/runtime'
import { readKeyChange } from '#server/users/key-fields'
import { toKeyReply } from '#server/users/replies'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.changeKey, async ({ user, params, body }) =>
  toKeyReply(await useRuntime().keys.patch(user.id, params.key, readKeyChange(body))))
