import { defineApi } from '#server/utils/define-api'
import { describeUser } from '#server/utils/describe-user'
import { api } from '#shared/schemas/api'

export default defineApi(api.me, ({ user }) => describeUser(user))
