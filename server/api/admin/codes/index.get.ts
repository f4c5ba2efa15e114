import { toBatchReply } from '#server/billing/codes/index'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listCodes, async ({ query }) => {
  const { items, next } = await useRuntime().codes.list(query)
  return { items: items.map(toBatchReply), next }
})
