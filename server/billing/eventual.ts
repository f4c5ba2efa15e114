/**
 * Rules that hold on a store whose reads may be a minute old, where nobody can be refused by a record he cannot see yet.
 * Two may never decide about one hold: its owner does until {@link OWNER_MS} after its start, the sweeper from the window
 * after that on, in the part of each window in which everybody sees the same past.
 */
import type { SettleOrder } from './ledger'

/** Windows of the driver; its own constant is behind the port. */
export const WINDOW_MS = 300_000
/** Requests end long before: the platform cuts them after two minutes. */
export const OWNER_MS = 300_000
/** From here on everything of the window before is seen by all. */
const SLOT_FROM_MS = 160_000
/** Writes of a slot must come to an end within it. */
const SLOT_TO_MS = 290_000

/** A settlement its owner came too late for. The sweeper books it. */
export interface LateSettlement {
  v: 1
  order: SettleOrder
  at: number
  /** The slot a sweeper booked it in. It stays until the next one: what keeps others from sweeping its hold must outlast what they see of that. */
  booked?: number
}

export function ownerMaySettle(startedAt: number, now: number): boolean {
  return now < startedAt + OWNER_MS
}

/** Start of the window whose slot is open now: what happened before it is the same for everybody. Undefined outside. */
export function openSlot(now: number): number | undefined {
  const start = Math.floor(now / WINDOW_MS) * WINDOW_MS
  return now - start >= SLOT_FROM_MS && now - start < SLOT_TO_MS ? start : undefined
}

/** True when the owner of a hold can no longer decide about it, nor have decided without everybody seeing it. */
export function isAbandoned(startedAt: number, slot: number): boolean {
  return startedAt + OWNER_MS < slot
}
