import { defineApi } from '#server/utils/define-api'
import { exportConfiguration } from '#server/utils/export-configuration'
import { api } from '#shared/schemas/api'

export default defineApi(api.exportConfiguration, ({ user }) => exportConfiguration(user, undefined))
