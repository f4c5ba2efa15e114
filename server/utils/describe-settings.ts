import { useRuntime } from '#server/runtime'
import type { SettingsReply } from '#shared/schemas/settings'
import { formatNano } from '#shared/utils/money'

/** The settings by group, with what the environment says where nothing is set. */
export async function describeSettings(): Promise<SettingsReply> {
  const { config, shopSettings: { groups } } = useRuntime()
  const [site, signUp, limits] = await Promise.all([groups.site.load(), groups.signUp.load(), groups.limits.load()])
  return {
    site,
    signUp,
    limits,
    defaults: { minTrustLevel: config.MIN_TRUST_LEVEL, welcomeCredit: formatNano(config.WELCOME_CREDIT), concurrency: config.VAPOR_CONCURRENCY },
  }
}
