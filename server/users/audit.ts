import { readCursor, writeCursor } from '#server/storage/cursor'
import { createId } from '#server/storage/ids'
import { keys } from '#server/storage/keys'
import type { Step, Store } from '#server/storage/store'
import type { UserRecord } from './users'

/** One change by an admin, written once. `before` and `after` are what a page would show: never a secret. */
export interface AuditLine {
  v: 1
  id: string
  at: number
  admin: { id: string, username: string }
  /** `<what>.<verb>`: "channel.put". */
  action: string
  /** Id of what was changed. */
  target: string
  before: unknown
  after: unknown
}

export type AuditFacts = Omit<AuditLine, 'v' | 'id' | 'at'>

/** The step that writes a line; it belongs into the commit of the change it tells of. */
export function auditStep(facts: AuditFacts, at = Date.now(), id = createId('aud', at)): Step {
  const line: AuditLine = { v: 1, id, at, ...facts, before: facts.before ?? null, after: facts.after ?? null }
  return { put: keys.audit(at, id), value: line }
}

/** Newest first. */
export async function listAudit(store: Store, page: { after?: string | undefined, limit: number }): Promise<{ items: AuditLine[], next: string | null }> {
  const rows = await store.list<AuditLine>(keys.auditPrefix, { after: readCursor(keys.auditPrefix, page.after), limit: page.limit + 1, reverse: true })
  const shown = rows.slice(0, page.limit)
  return { items: shown.map(row => row.value), next: rows.length > page.limit ? writeCursor(keys.auditPrefix, shown.at(-1)?.key) : null }
}

/** What of a user an admin can change. */
export function describeChange({ status, note, discount, limits }: UserRecord) {
  return { status, note, discount, limits }
}
