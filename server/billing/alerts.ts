/** What an admin must look at: written when it happens, gone when somebody has dismissed it. */
import { AppError } from '#server/errors/app-error'
import { readCursor, writeCursor } from '#server/storage/cursor'
import { createId } from '#server/storage/ids'
import { keys } from '#server/storage/keys'
import type { Step, Store } from '#server/storage/store'
import type { AlertKind, AlertReply } from '#shared/schemas/alert'

export interface AlertRecord {
  v: 1
  id: string
  at: number
  kind: AlertKind
  order: string | null
  user: string | null
  /** What fills the sentence of the kind: amounts as text, numbers of trades. */
  params: Record<string, string>
}

export type AlertFacts = Omit<AlertRecord, 'v' | 'id' | 'at'>

/** The step that writes an alert; it belongs into the commit of what it tells of. */
export function alertStep(facts: AlertFacts, at: number): Step {
  const alert: AlertRecord = { v: 1, id: createId('alr', at), at, ...facts }
  return { put: keys.alert(alert.id), value: alert }
}

export function createAlerts({ store, now }: { store: Store, now: () => number }) {
  return {
    /** Writes an alert that has no commit of its own, once per kind and what it is about. */
    async raise(facts: AlertFacts, about: string): Promise<void> {
      await store.commit('alert', [{ once: keys.onceAlert(facts.kind, about), value: now() }, alertStep(facts, now())])
    },

    /** Newest first. */
    async list({ after, limit }: { after?: string | undefined, limit: number }): Promise<{ items: AlertReply[], next: string | null }> {
      const prefix = keys.alertPrefix
      const rows = await store.list<AlertRecord>(prefix, { after: readCursor(prefix, after), limit: limit + 1, reverse: true })
      const shown = rows.slice(0, limit)
      return { items: shown.map(row => toAlertReply(row.value)), next: rows.length > limit ? writeCursor(prefix, shown.at(-1)?.key) : null }
    },

    /** Takes an alert off the list; `steps` go along: the audit line. Throws record_not_found. */
    async dismiss(id: string, steps: (alert: AlertReply) => Step[]): Promise<void> {
      const stored = await store.get<AlertRecord>(keys.alert(id))
      const gone = () => new AppError('record_not_found', { kind: 'alert' })
      if (!stored) throw gone()
      const result = await store.commit(`dismiss_${id}`, [
        { expect: keys.alert(id), version: stored.version },
        { delete: keys.alert(id) },
        ...steps(toAlertReply(stored.value)),
      ])
      if (!result.ok) throw gone()
    },
  }
}

function toAlertReply({ id, at, kind, order, user, params }: AlertRecord): AlertReply {
  return { id, at: new Date(at).toISOString(), kind, order, user, params }
}
