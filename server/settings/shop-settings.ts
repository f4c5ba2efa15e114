/** The settings of the shop, with what the environment says where an admin has set nothing. */
import type { Config } from '#server/config'
import type { z } from 'zod'
import { limitSettings, signUpSettings, siteSettings } from '#shared/schemas/settings'
import type { SettingGroupName, settingsPut, ShopSettings } from '#shared/schemas/settings'
import { parseSafeNano } from '#shared/utils/money'
import { createSettingGroup } from './settings'
import type { Setting, SettingGroup, SettingsOptions } from './settings'
import type { Step } from '#server/storage/store'

export interface ShopSettingsOptions extends SettingsOptions {
  config: Pick<Config, 'MIN_TRUST_LEVEL' | 'WELCOME_CREDIT' | 'VAPOR_CONCURRENCY'>
  onError: (error: unknown) => void
}

export interface SignUp {
  open: boolean
  minTrustLevel: number
  /** Nano-credits. */
  welcomeCredit: number
}

export type SettingsChange = z.output<typeof settingsPut>
type Groups = { [Name in SettingGroupName]: SettingGroup<ShopSettings[Name]> }

export function createShopSettings({ config, onError, ...options }: ShopSettingsOptions) {
  const groups: Groups = {
    site: createSettingGroup(options, 'site', siteSettings),
    signUp: createSettingGroup(options, 'signup', signUpSettings),
    limits: createSettingGroup(options, 'limits', limitSettings),
  }
  /** Read at each request: kept at hand, and again whenever anybody changes it. */
  let concurrency: number | null = null
  async function refresh(): Promise<void> {
    concurrency = (await groups.limits.load()).settings.concurrency
  }
  options.versions.on('settings', () => {
    refresh().catch(onError)
  })

  return {
    groups,

    /** Reads what is used without waiting; before the first request. */
    start: refresh,

    concurrency: (): number => concurrency ?? config.VAPOR_CONCURRENCY,

    site: groups.site.read,

    async signUp(): Promise<SignUp> {
      const { open, minTrustLevel, welcomeCredit } = await groups.signUp.read()
      return {
        open,
        minTrustLevel: minTrustLevel ?? config.MIN_TRUST_LEVEL,
        welcomeCredit: welcomeCredit === null ? config.WELCOME_CREDIT : parseSafeNano(welcomeCredit) ?? 0,
      }
    },

    /** Replaces one group, if it still is what the change was made from. Throws changed_meanwhile. */
    async write({ group, version, settings }: SettingsChange, steps: (before: object) => Step[]): Promise<void> {
      await (groups[group] as SettingGroup<object>).write({ version, settings } satisfies Setting<object>, steps)
      if (group === 'limits') await refresh()
    },
  }
}
