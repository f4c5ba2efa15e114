import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'
import { formatNano } from '#shared/utils/money'

export default defineApi(api.loginInfo, () => {
  const { config } = useRuntime()
  return {
    ready: config.missingForSignIn.length === 0,
    missing: config.missingForSignIn,
    secure: config.secure,
    minTrustLevel: config.MIN_TRUST_LEVEL,
    welcomeCredit: formatNano(config.WELCOME_CREDIT),
  }
})
