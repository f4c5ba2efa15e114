import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.listAlerts, ({ query }) => useRuntime().payments.alerts.list(query))
