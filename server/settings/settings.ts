/** What admins set while the shop runs, in groups: one record each, checked by its schema, guarded by its version. */
import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { keys } from '#server/storage/keys'
import type { Step, Store } from '#server/storage/store'
import { versionStep } from '#server/storage/versions'
import type { VersionWatch } from '#server/storage/versions'

/** Longest that settings of another instance go unnoticed, even when the watch has not spoken yet. */
const FRESH_MS = 1000
const NEVER_WRITTEN = 'absent'

interface SettingRecord {
  v: 1
  settings: object
}

export interface Setting<T> {
  /** Names the state a change was made from. */
  version: string
  settings: T
}

export interface SettingsOptions {
  store: Store
  versions: Pick<VersionWatch, 'on' | 'touch'>
  now: () => number
}

export type SettingGroup<T> = ReturnType<typeof createSettingGroup<T>>

/** A group of settings. Fields the store lacks, or holds in a form this version refuses, have the schema's defaults. */
export function createSettingGroup<T>({ store, versions, now }: SettingsOptions, name: string, schema: z.ZodType<T>) {
  let cached: { at: number, value: T } | undefined
  versions.on('settings', () => { cached = undefined })

  /** As stored now; for the page that changes them. */
  async function load(): Promise<Setting<T>> {
    const stored = await store.get<SettingRecord>(keys.setting(name))
    const parsed = schema.safeParse(stored?.value.settings ?? {})
    return { version: stored?.version ?? NEVER_WRITTEN, settings: parsed.success ? parsed.data : schema.parse({}) }
  }

  /** For everybody else: at most a second old. */
  async function read(): Promise<T> {
    if (cached && now() - cached.at < FRESH_MS) return cached.value
    const { settings } = await load()
    cached = { at: now(), value: settings }
    return settings
  }

  /** Replaces the group, if it still is what `version` names. `steps` go along: the audit line. Throws changed_meanwhile. */
  async function write({ version, settings }: Setting<T & object>, steps: (before: T) => Step[]): Promise<Setting<T>> {
    const before = await load()
    const value: SettingRecord = { v: 1, settings }
    const result = await store.commit(`setting_${name}`, [
      { expect: keys.setting(name), version: version === NEVER_WRITTEN ? 'absent' : version },
      { put: keys.setting(name), value },
      versionStep('settings'),
      ...steps(before.settings),
    ])
    if (!result.ok) throw new AppError('changed_meanwhile', { kind: 'settings' })
    versions.touch('settings')
    return load()
  }

  return { load, read, write }
}
