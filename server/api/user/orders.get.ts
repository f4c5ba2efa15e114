import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listOrders, async ({ user, query }) => {
  const { payments } = useRuntime()
  const { items, searchedTo, next } = await payments.list({ user: user.id, state: query.state }, query)
  return { items: await Promise.all(items.map(payments.describe)), next, ...(searchedTo === undefined ? {} : { searchedTo: new Date(searchedTo).toISOString() }) }
})
