import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { describeUser } from '#server/utils/describe-user'
import { api } from '#shared/schemas/api'

export default defineApi(api.getUser, async ({ params }) => describeUser(await useRuntime().users.require(params.uid)))
