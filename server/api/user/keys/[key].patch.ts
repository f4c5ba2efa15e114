import { useRuntime } from '#server/runtime'
import { readKeyChange } from '#server/users/key-fields'
import { defineApi } from '#server/utils/define-api'
import { describeKey } from '#server/utils/describe-key'
import { api } from '#shared/schemas/api'

export default defineApi(api.changeKey, async ({ user, params, body }) =>
  describeKey(await useRuntime().keys.patch(user.id, params.key, readKeyChange(body))))
