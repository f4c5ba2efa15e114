import { listClientErrors } from '#server/errors/client-codes'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.docs, () => {
  const { config, shopSettings } = useRuntime()
  return {
    errors: listClientErrors(),
    limits: {
      bodyMb: config.VAPOR_BODY_MAX_MB,
      concurrency: shopSettings.concurrency(),
      headersTimeout: config.VAPOR_HEADERS_TIMEOUT,
      silenceTimeout: config.VAPOR_SILENCE_TIMEOUT,
      deadline: config.VAPOR_DEADLINE,
      requestsDays: config.VAPOR_REQUESTS_DAYS,
    },
  }
})
