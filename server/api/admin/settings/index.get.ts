import { defineApi } from '#server/utils/define-api'
import { describeSettings } from '#server/utils/describe-settings'
import { api } from '#shared/schemas/api'

export default defineApi(api.getSettings, () => describeSettings())
