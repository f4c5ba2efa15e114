import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { describeUser } from '#server/utils/describe-user'
import { api } from '#shared/schemas/api'

export default defineApi(api.listUsers, async ({ query }) => {
  const { items, next } = await useRuntime().users.list(query)
  return { items: await Promise.all(items.map(describeUser)), next }
})
