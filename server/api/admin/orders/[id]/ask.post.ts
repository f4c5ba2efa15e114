import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { describeOrder } from '#server/utils/describe-order'
import { api } from '#shared/schemas/api'

export default defineApi(api.askOrder, async ({ params }) => {
  const { payments } = useRuntime()
  return describeOrder(await payments.ask(await payments.find(params.id, undefined)))
})
