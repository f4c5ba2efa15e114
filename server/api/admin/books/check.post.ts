import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { describeAudit } from '#server/utils/describe-books'
import { api } from '#shared/schemas/api'

export default defineApi(api.checkBooks, async () => describeAudit(await useRuntime().audit.start()))
