import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { describeOrder } from '#server/utils/describe-order'
import { api } from '#shared/schemas/api'

export default defineApi(api.getOrder, async ({ params }) => describeOrder(await useRuntime().payments.find(params.id, undefined)))
