import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { isAdmin } from '#server/utils/require-user'
import { api } from '#shared/schemas/api'

export default defineApi(api.queryOrder, async ({ user, params }) => {
  const { payments } = useRuntime()
  const order = await payments.find(params.trade_no, isAdmin(user.id) ? undefined : user.id)
  return payments.describe(await payments.askForPage(order))
})
