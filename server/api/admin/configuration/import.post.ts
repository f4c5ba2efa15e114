import { defineApi } from '#server/utils/define-api'
import { importConfiguration } from '#server/utils/import-configuration'
import { api } from '#shared/schemas/api'

export default defineApi(api.importConfiguration, async ({ user, body }) => ({ dryRun: body.dryRun, items: await importConfiguration(user, body) }))
