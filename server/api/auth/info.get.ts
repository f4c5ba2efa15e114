import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'
import { formatNano } from '#shared/utils/money'

export default defineApi(api.loginInfo, async () => {
  const { config, shopSettings } = useRuntime()
  const { open, minTrustLevel, welcomeCredit } = await shopSettings.signUp()
  return {
    ready: config.missingForSignIn.length === 0,
    missing: config.missingForSignIn,
    secure: config.secure,
    open,
    minTrustLevel,
    welcomeCredit: formatNano(welcomeCredit),
  }
})
