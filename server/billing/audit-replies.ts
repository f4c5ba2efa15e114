import type { AuditRunReply, BooksReply, BooksState } from '#shared/schemas/books'
import { formatNano } from '#shared/utils/money'
import type { AuditRun, Drift } from './audit/records'
import type { AuditState } from './audit/index'

/** Users an audit has something to say about. */
export function usersIn({ last }: AuditState): string[] {
  return last ? [...new Set([...last.drifts, ...last.orphans].map(({ user }) => user))] : []
}

/** @param names of {@link usersIn}, by id. */
export function toBooksState({ last, running }: AuditState, names: Map<string, string>): BooksState {
  return {
    last: last && toRunReply(last, names),
    running: running && { startedAt: toIso(running.startedAt), users: running.users },
  }
}

export function toRunLine({ id, trigger, startedAt, users, driftCount, orphanCount }: AuditRun): BooksReply['runs'][number] {
  return { id, trigger, startedAt: toIso(startedAt), users, driftCount, orphanCount }
}

function toRunReply(run: AuditRun, names: Map<string, string>): AuditRunReply {
  const { id, trigger, users, unsettled, openHolds, driftCount, orphanCount } = run
  const [entries, available, held, openHeld] = [BigInt(run.entries), BigInt(run.available), BigInt(run.held), BigInt(run.openHeld)]
  const nameOf = (user: string) => names.get(user) ?? ''
  return {
    id,
    trigger,
    startedAt: toIso(run.startedAt),
    endedAt: toIso(run.endedAt),
    users,
    unsettled,
    entries: formatNano(entries),
    balances: formatNano(available + held),
    available: formatNano(available),
    held: formatNano(held),
    openHolds,
    openHeld: formatNano(openHeld),
    drifts: run.drifts.map(drift => ({ ...toDriftReply(drift), username: nameOf(drift.user) })),
    driftCount,
    orphans: run.orphans.map(({ request, user, amount, startedAt }) => ({ request, user, username: nameOf(user), amount: formatNano(amount), startedAt: toIso(startedAt) })),
    orphanCount,
  }
}

function toDriftReply({ user, kind, expected, found }: Drift) {
  const text = (amount: bigint) => kind === 'open' ? String(amount) : formatNano(amount)
  return { user, kind, expected: text(BigInt(expected)), found: text(BigInt(found)), difference: text(BigInt(found) - BigInt(expected)) }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
