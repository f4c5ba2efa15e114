/** Announcements: short texts on every page for a while. There are few, so all of them are read at once. */
import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { createId } from '#server/storage/ids'
import { keys } from '#server/storage/keys'
import type { Step, StoredRecord } from '#server/storage/store'
import { versionStep } from '#server/storage/versions'
import type { announcementCreate, announcementPut, AnnouncementReply } from '#shared/schemas/announcement'
import type { SettingsOptions } from './settings'

const ANNOUNCEMENTS_MAX = 200
/** Longest that a change by another instance goes unnoticed, even when the watch has not spoken yet. */
const FRESH_MS = 1000

export interface AnnouncementRecord {
  v: 1
  id: string
  level: AnnouncementReply['level']
  title: { zh: string, en: string }
  text: { zh: string, en: string }
  enabled: boolean
  /** Epoch milliseconds; null is always. */
  from: number | null
  to: number | null
  createdAt: number
  updatedAt: number
}

type Stored = StoredRecord<AnnouncementRecord>
/** More steps for the commit of a change: the audit line. */
type Also = (before: AnnouncementRecord | undefined, after: AnnouncementRecord | undefined) => Step[]

export type Announcements = ReturnType<typeof createAnnouncements>

export function createAnnouncements({ store, versions, now }: SettingsOptions) {
  let cached: { at: number, value: AnnouncementRecord[] } | undefined
  versions.on('settings', () => { cached = undefined })

  const listAll = () => store.list<AnnouncementRecord>(keys.announcementPrefix, { limit: ANNOUNCEMENTS_MAX, reverse: true })

  async function require(id: string): Promise<Stored> {
    const stored = await store.get<AnnouncementRecord>(keys.announcement(id))
    if (!stored) throw new AppError('record_not_found', { kind: 'announcement' })
    return stored
  }

  async function write(id: string, steps: Step[]): Promise<void> {
    const result = await store.commit(id, [...steps, versionStep('settings')])
    if (!result.ok) throw new AppError('changed_meanwhile', { kind: 'announcement' })
    versions.touch('settings')
  }

  return {
    /** All of them, newest first. */
    list: (): Promise<Stored[]> => listAll(),

    /** Those that are shown now, newest first; at most a second old. */
    async shown(): Promise<AnnouncementRecord[]> {
      if (!cached || now() - cached.at >= FRESH_MS) cached = { at: now(), value: (await listAll()).map(row => row.value) }
      return cached.value.filter(announcement => stateOf(announcement, now()) === 'shown')
    },

    /** Throws too_many. */
    async create(form: z.output<typeof announcementCreate>, also: Also): Promise<Stored> {
      if ((await listAll()).length >= ANNOUNCEMENTS_MAX) throw new AppError('too_many', { limit: ANNOUNCEMENTS_MAX, kind: 'announcements' })
      const record: AnnouncementRecord = { v: 1, id: createId('ann', now()), ...fieldsOf(form), createdAt: now(), updatedAt: now() }
      await write(record.id, [{ once: keys.announcement(record.id), value: record }, ...also(undefined, record)])
      return require(record.id)
    },

    /** Throws record_not_found, changed_meanwhile. */
    async put(id: string, { version, ...form }: z.output<typeof announcementPut>, also: Also): Promise<Stored> {
      const before = await require(id)
      const record: AnnouncementRecord = { ...before.value, ...fieldsOf(form), updatedAt: now() }
      await write(id, [{ expect: keys.announcement(id), version }, { put: keys.announcement(id), value: record }, ...also(before.value, record)])
      return require(id)
    },

    /** Throws record_not_found, changed_meanwhile. */
    async delete(id: string, also: Also): Promise<void> {
      const before = await require(id)
      await write(id, [{ expect: keys.announcement(id), version: before.version }, { delete: keys.announcement(id) }, ...also(before.value, undefined)])
    },

    describe: ({ value, version }: Stored): AnnouncementReply => ({
      ...describeAnnouncement(value),
      id: value.id,
      state: stateOf(value, now()),
      version,
      createdAt: toIso(value.createdAt),
      updatedAt: toIso(value.updatedAt),
    }),
  }
}

/** What a person wrote, in the form of the API: for replies, the audit and the export. */
export function describeAnnouncement({ level, title, text, enabled, from, to }: AnnouncementRecord) {
  return { level, title, text, enabled, from: from === null ? null : toIso(from), to: to === null ? null : toIso(to) }
}

function fieldsOf({ level, title, text, enabled, from, to }: z.output<typeof announcementCreate>) {
  return { level, title, text, enabled, from: from === null ? null : Date.parse(from), to: to === null ? null : Date.parse(to) }
}

function stateOf({ enabled, from, to }: AnnouncementRecord, at: number): AnnouncementReply['state'] {
  if (!enabled) return 'off'
  if (to !== null && at >= to) return 'over'
  return from !== null && at < from ? 'scheduled' : 'shown'
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
