import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { describeKeys } from '#server/utils/describe-key'
import { api } from '#shared/schemas/api'

export default defineApi(api.listUserKeys, async ({ params, query }) => {
  const { keys, users } = useRuntime()
  await users.require(params.uid)
  const { items, next } = await keys.list(params.uid, query)
  return { items: await describeKeys(items), next }
})
