import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listAllOrders, async ({ query }) => {
  const { payments, users } = useRuntime()
  const { items, next, searchedTo } = query.search
    ? { items: await payments.findAll(query.search, query), next: null, searchedTo: undefined }
    : await payments.list({ user: query.user, state: query.state }, query)
  const names = await users.namesOf(items.map(order => order.user))
  return {
    items: await Promise.all(items.map(order => payments.describeForAdmin(order, names.get(order.user) ?? ''))),
    next,
    ...(searchedTo === undefined ? {} : { searchedTo: new Date(searchedTo).toISOString() }),
  }
})
