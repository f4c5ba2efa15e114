/** What each part of a configuration file would do here, and how to do it. */
import { listAllChannels, listAllModels } from '#server/catalog/catalog-rows'
import { maskCredential } from '#server/catalog/channels'
import type { StoredChannel } from '#server/catalog/channels'
import { describeChannel, describeModel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { describeAnnouncement } from '#server/settings/announcements'
import { auditStep } from '#server/users/audit'
import type { UserRecord } from '#server/users/users'
import type { Configuration, ImportItem } from '#shared/schemas/configuration'
import { settingGroupNames } from '#shared/schemas/settings'
import { auditOf } from './audit-of'
import { requireExpected } from './each-of'
import type { CredentialsByChannel } from './sealed-credentials'

export interface Planned {
  item: ImportItem
  /** Absent when there is nothing to do. */
  write?: () => Promise<unknown>
}

type Fields = Record<string, unknown>
type ImportedChannel = Configuration['channels'][number]

export async function planChannels(admin: UserRecord, imported: ImportedChannel[], credentials: CredentialsByChannel): Promise<Planned[]> {
  const present = new Map((await listAllChannels(useRuntime().store)).map(row => [row.value.id, row]))
  return imported.map(channel => planChannel(admin, channel, present.get(channel.id), credentials[channel.id] ?? []))
}

function planChannel(admin: UserRecord, imported: ImportedChannel, stored: StoredChannel | undefined, credentials: CredentialsByChannel[string]): Planned {
  const { channels, health } = useRuntime()
  const { id, credentialHints: _, vendor = 'generic', ...rest } = imported
  const bare = !stored && credentials.length === 0
  const fields = { ...rest, vendor, ...(bare ? { enabled: false } : {}) }
  const isNew = credentials.length > 0 && !(stored && sameCredentials(stored, credentials))
  const before = stored && { ...describeChannel(stored.value), ...(isNew ? {} : { credentials: undefined }) }
  const after = { ...fields, ...(isNew ? { credentials: credentials.map(({ text, off }) => off ? `${maskCredential(text)} (off)` : maskCredential(text)) } : {}) }
  const item = itemOf('channel', `${imported.name} (${id})`, before, after, bare ? 'no_credentials' : null)
  const refused = refusalOf(() => channels.requireBaseUrl(fields.baseUrl))
  if (refused !== undefined) return { item: { ...item, action: 'refused', problem: refused } }
  if (item.action === 'same') return { item }
  const texts = credentials.map(({ text }) => text)
  const also = auditOf(admin, stored ? 'channel.put' : 'channel.create', describeChannel)
  return {
    item,
    async write() {
      const written = stored
        ? await channels.put(id, { ...fields, version: stored.version, ...(isNew ? { credentials: texts } : {}) }, also)
        : await channels.create({ ...fields, id, credentials: texts }, also)
      const disable = credentials.flatMap(({ off }, index) => isNew && off ? [index] : [])
      if (disable.length > 0) await channels.changeCredentials(id, { version: written.version, enable: [], disable, remove: [], add: [] }, auditOf(admin, 'channel.credentials', describeChannel))
      health.forget(id)
    },
  }
}

function sameCredentials(stored: StoredChannel, credentials: CredentialsByChannel[string]): boolean {
  const open = useRuntime().channels.openAll(stored.value)
  return open.length === credentials.length && open.every((text, index) => text === credentials[index]?.text && (stored.value.credentials[index]?.off ?? false) === credentials[index].off)
}

export async function planModels(admin: UserRecord, { models: imported, channels }: Configuration): Promise<Planned[]> {
  const { models, store } = useRuntime()
  const [rows, channelRows] = await Promise.all([listAllModels(store), listAllChannels(store)])
  const present = new Map(rows.map(row => [row.value.name, row]))
  const known = new Set([...channelRows.map(row => row.value.id), ...channels.map(({ id }) => id)])
  return imported.map((model): Planned => {
    const stored = present.get(model.name)
    const fields = { ...model, context: model.context ?? null, maxOutput: model.maxOutput ?? null, modalities: model.modalities ?? [] }
    const before = stored && describeModel(stored.value)
    const item = itemOf('model', model.name, before, fields, null)
    const missing = model.routes.find(route => !known.has(route.channel))
    if (missing) return { item: { ...item, action: 'refused', note: 'unknown_channel', problem: missing.channel } }
    if (item.action === 'same') return { item }
    const also = auditOf(admin, stored ? 'model.put' : 'model.create', describeModel)
    return { item, write: () => stored ? models.put(stored.value.id, { ...fields, version: stored.version }, also) : models.create(fields, also) }
  })
}

export async function planSettings(admin: UserRecord, imported: Configuration['settings']): Promise<Planned[]> {
  const { paymentSettings, shopSettings } = useRuntime()
  const audit = (target: string, after: object) => (before: object) => [auditStep({ admin: { id: admin.id, username: admin.username }, action: 'settings.put', target, before, after })]
  const plans: Planned[] = []
  for (const group of settingGroupNames) {
    const settings = imported[group]
    if (!settings) continue
    const { version, settings: before } = await shopSettings.groups[group].load()
    const item = itemOf('settings', group, { ...before }, { ...settings }, null)
    const change = { group, version, settings } as Parameters<typeof shopSettings.write>[0]
    plans.push(item.action === 'same' ? { item } : { item, write: () => shopSettings.write(change, audit(group, settings)) })
  }
  const { payments } = imported
  if (!payments) return plans
  const { version, settings: before } = await paymentSettings.load()
  const item = itemOf('settings', 'payments', { ...before }, { ...payments }, null)
  return [...plans, item.action === 'same' ? { item } : { item, write: () => paymentSettings.write({ version, settings: payments }, audit('payments', payments)) }]
}

/** One that is here word for word is left alone; any other is made, never changed. */
export async function planAnnouncements(admin: UserRecord, imported: Configuration['announcements']): Promise<Planned[]> {
  const { announcements } = useRuntime()
  const present = (await announcements.list()).map(({ value }): Fields => describeAnnouncement(value))
  return imported.map((announcement): Planned => {
    const fields = { ...announcement, from: normalTime(announcement.from), to: normalTime(announcement.to) }
    const same = present.find(other => differences(other, fields).length === 0)
    const item = itemOf('announcement', fields.title.zh || fields.title.en, same, fields, null)
    return same ? { item } : { item, write: () => announcements.create(fields, auditOf(admin, 'announcement.create', describeAnnouncement)) }
  })
}

function itemOf(kind: ImportItem['kind'], name: string, before: Fields | undefined, after: Fields, note: ImportItem['note']): ImportItem {
  const changes = differences(before ?? {}, after)
  const action = !before ? 'create' : changes.length > 0 ? 'change' : 'same'
  return { kind, name, action, changes, note, problem: null }
}

/** Fields of `after` that are not the same in `before`. */
function differences(before: Fields, after: Fields): ImportItem['changes'] {
  return Object.entries(after)
    .map(([field, value]) => ({ field, before: toText(before[field]), after: toText(value) }))
    .filter(change => change.before !== change.after)
}

function toText(value: unknown): string | null {
  if (value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(sorted(value))
}

/** Objects of the same content have the same text, in whatever order their fields were written. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined).sort(([a], [b]) => a < b ? -1 : 1).map(([key, part]) => [key, sorted(part)]))
}

const normalTime = (time: string | null): string | null => time === null ? null : new Date(time).toISOString()

function refusalOf(check: () => unknown): string | undefined {
  try {
    check()
    return undefined
  }
  catch (error) { return requireExpected(error) }
}
