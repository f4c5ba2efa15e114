import { z } from 'zod'
import { positiveMoney } from './common'

const line = (max: number) => z.string().trim().max(max)

/** What the site is called, and a line above every page of it. */
export const siteSettings = z.strictObject({
  /** Empty: Vapor. */
  name: line(40).default(''),
  notice: z.strictObject({ zh: line(200).default(''), en: line(200).default('') }).prefault({}),
})

/** Who may come, and with how much. Null: what the environment says. */
export const signUpSettings = z.strictObject({
  /** Closed: only who was here before gets in. */
  open: z.boolean().default(true),
  minTrustLevel: z.number().int().min(0).max(4).nullable().default(null),
  welcomeCredit: positiveMoney.nullable().default(null),
})

/** For users without limits of their own. Null: what the environment says. */
export const limitSettings = z.strictObject({
  concurrency: z.number().int().min(1).max(1000).nullable().default(null),
})

/** Groups are saved one by one, so that two admins can change two of them at once. */
export const settingGroups = { site: siteSettings, signUp: signUpSettings, limits: limitSettings }
export type SettingGroupName = keyof typeof settingGroups
export const settingGroupNames = Object.keys(settingGroups) as [SettingGroupName, ...SettingGroupName[]]
export interface ShopSettings {
  site: z.output<typeof siteSettings>
  signUp: z.output<typeof signUpSettings>
  limits: z.output<typeof limitSettings>
}

const versioned = <T extends z.ZodType>(settings: T) => z.object({ version: z.string(), settings })
const groups = z.object({ site: versioned(siteSettings), signUp: versioned(signUpSettings), limits: versioned(limitSettings) })

export const settingsReply = groups.extend({
  /** What holds where a setting is null. */
  defaults: z.object({ minTrustLevel: z.number().int(), welcomeCredit: positiveMoney, concurrency: z.number().int() }),
})
export type SettingsReply = z.output<typeof settingsReply>

/** One group, made from the version it names. */
export const settingsPut = z.discriminatedUnion('group', [
  z.strictObject({ group: z.literal('site'), version: z.string(), settings: siteSettings }),
  z.strictObject({ group: z.literal('signUp'), version: z.string(), settings: signUpSettings }),
  z.strictObject({ group: z.literal('limits'), version: z.string(), settings: limitSettings }),
])
export type SettingsPut = z.input<typeof settingsPut>
