import { readCursor, writeCursor } from '#server/storage/cursor'
import { createId } from '#server/storage/ids'
import { keys, readRowTime } from '#server/storage/keys'
import type { Step, Store } from '#server/storage/store'
import type { UserRecord } from './users'

const SEARCHED_MAX = 2000
const BATCH = 200

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

export interface AuditQuery {
  admin?: string | undefined
  /** An action, or the part of it before the point. */
  action?: string | undefined
  after?: string | undefined
  limit: number
}

/** Newest first. A filter looks at 2,000 lines at most and then says how far back it has come. */
export async function listAudit(store: Store, query: AuditQuery): Promise<{ items: AuditLine[], next: string | null, searchedTo?: number }> {
  const items: AuditLine[] = []
  let last = readCursor(keys.auditPrefix, query.after)
  for (let searched = 0; searched < SEARCHED_MAX; searched += BATCH) {
    const rows = await store.list<AuditLine>(keys.auditPrefix, { after: last, limit: BATCH, reverse: true })
    for (const { key, value } of rows) {
      if (fits(value, query)) {
        if (items.length === query.limit) return { items, next: writeCursor(keys.auditPrefix, last) }
        items.push(value)
      }
      last = key
    }
    if (rows.length < BATCH) return { items, next: null }
  }
  return { items, next: writeCursor(keys.auditPrefix, last), searchedTo: readRowTime(keys.auditPrefix, last ?? keys.auditPrefix) }
}

function fits(line: AuditLine, { admin, action }: AuditQuery): boolean {
  if (admin !== undefined && line.admin.id !== admin) return false
  return action === undefined || line.action === action || line.action.startsWith(`${action}.`)
}

/** What of a user an admin can change. */
export function describeChange({ status, note, discount, limits }: UserRecord) {
  return { status, note, discount, limits }
}
