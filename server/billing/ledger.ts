/**
 * The only code that moves money. Five verbs: credit, book, reserve, extend, settle; `README.md` beside this file lists the
 * invariants they keep. Amounts are integer nano-credits.
 */
import { createHash } from 'node:crypto'
import { AppError } from '#server/errors/app-error'
import { createId } from '#server/storage/ids'
import { keys } from '#server/storage/keys'
import type { CommitResult, Json, Step, Store } from '#server/storage/store'
import { formatNano } from '#shared/utils/money'
import type { EntryKind } from '#shared/schemas/usage'
import type { Usage } from '#shared/schemas/price'
import { countRefusal, periodSteps, readLeft, releaseLimitSteps, reserveLimitSteps } from './limits'
import type { KeyLimits, LimitRefusal, Rate } from './limits'
import type { Entry, Hold, RequestRecord } from './records'
import { ownerMaySettle } from './eventual'
import type { LateSettlement } from './eventual'
import { requestSteps } from './request-steps'

const RESERVE_TRIES = 8
const SETTLE_TRIES = 8

export interface CreditOrder {
  user: string
  kind: Exclude<EntryKind, 'charge'>
  /** Signed. */
  amount: number
  /** Booked once per kind and reference, whatever is repeated or raced. */
  reference: string
  note: string
  /** When the fact happened, the same for every repeat; without it the entry stands at the time of booking. */
  at?: number
}

/** One signed amount of several that are booked together. */
export interface BookLine {
  kind: Exclude<EntryKind, 'charge' | 'adjust'>
  /** Signed; available may go below zero by it. */
  amount: number
  /** What the entry shows. */
  reference: string
  /** Booked once per kind and this text: the reference, or more where one reference is booked repeatedly. */
  once: string
  note: string
}

/** What refused a booking: one of the caller's own steps by its index, or a line that was booked before. */
export type BookResult =
  | { ok: true, entries: Entry[] }
  | { ok: false, step: number | 'booked', value: Json }

export interface ReserveOrder {
  hold: Omit<Hold, 'amount' | 'v'>
  /** What the request may cost, and the least that makes sense. */
  wanted: number
  least: number
  /** Most holds the user may have open. */
  concurrency: number
  /** The key's spend limit, or null. */
  spendLimit: number | null
  /** Its other limits, with the tokens the request is expected to use; absent: none. */
  limits?: KeyLimits & { tokens: number }
  /** Key of the client's Idempotency-Key, remembered for 24 hours. */
  idempotencyTtlMs: number
  /** Available credit as read a moment ago, in nano; absent: it is read now. */
  seen?: number
}

/** Why a reservation was refused, with what was left at that moment. */
export type ReserveRefusal =
  | { ok: false, reason: 'credit' | 'spend_limit', left: number }
  | { ok: false, reason: 'concurrency' }
  | { ok: false, reason: 'repeated', request: string }
  | LimitRefusal
/** `rate` is what the key has started in this minute, where that is limited. */
export type ReserveResult = { ok: true, hold: Hold, rate: Rate | undefined } | ReserveRefusal

export interface SettleOrder {
  record: Omit<RequestRecord, 'v' | 'late' | 'bookedAt'>
  /** The request produced nothing and cost nothing: its Idempotency-Key may be used again. */
  forgetIdempotency: boolean
  requestsTtlMs: number
  idempotency: string | null
  /** Of the hold, for a charge that comes when the hold is gone. */
  counted?: Hold['counted']
}

export interface Settled {
  cost: number
  /** Nothing was held any more, or somebody else will book it. */
  late: boolean
  repeated: boolean
}

export interface LedgerOptions {
  store: Store
  /** The most a hold may set aside, in nano-credits: on an eventual store it bounds what may be overdrawn. */
  holdMax?: number
  now?: () => number
}

export type Ledger = ReturnType<typeof createLedger>

export function createLedger({ store, holdMax = Number.MAX_SAFE_INTEGER, now = Date.now }: LedgerOptions) {
  const eventual = store.consistency === 'eventual'

  /** Where two may book one fact without seeing each other, both give its entry the same id. */
  function entryId(fact: string): string {
    return eventual ? `ent_${createHash('sha256').update(fact).digest('hex').slice(0, 26)}` : createId('ent', now())
  }

  /** Available and held, in nano; their sum is the balance. */
  async function balance(user: string): Promise<{ available: number, held: number, open: number }> {
    const [available, held, open] = await store.getMany<number>([keys.available(user), keys.held(user), keys.open(user)])
    return { available: available?.value ?? 0, held: held?.value ?? 0, open: open?.value ?? 0 }
  }

  /** True while the request runs: its hold is there. */
  async function isOpen(request: string): Promise<boolean> {
    return (await store.get(keys.hold(request))) !== undefined
  }

  /** Books a signed amount once per kind and reference. `adjust` never goes below zero; refunds and claw-backs may. */
  async function credit(order: CreditOrder): Promise<{ entry: Entry, repeated: boolean }> {
    const at = eventual ? order.at ?? now() : now()
    const entry: Entry = { v: 1, id: entryId(`${order.kind} ${order.reference}`), user: order.user, kind: order.kind, amount: order.amount, reference: order.reference, note: order.note, late: false, at }
    const result = await store.commit(`credit_${order.kind}_${order.reference}`, [
      { once: keys.onceCredit(order.kind, order.reference), value: entry },
      { add: keys.available(order.user), by: order.amount, ...(order.kind === 'adjust' && order.amount < 0 ? { floor: 0 } : {}) },
      { put: keys.entry(order.user, entry.at, entry.id), value: entry },
    ])
    if (result.ok) return { entry, repeated: false }
    if (result.reason === 'exists') return { entry: requireSame(result.value, entry), repeated: true }
    if (result.reason === 'floor' && order.kind === 'adjust') throw new AppError('adjust_below_zero', { available: formatNano(Number(result.value ?? 0)) })
    throw new AppError('balance_out_of_range')
  }

  /**
   * Books several amounts of one user together with what goes along with them, in one commit: all or nothing. The steps
   * must not touch counters of money. The first line names the fact: what is booked beside it may depend on the moment.
   * `happenedAt` is the same for every repeat, see {@link CreditOrder}. Throws balance_out_of_range.
   */
  async function book(user: string, lines: BookLine[], steps: Step[], happenedAt?: number): Promise<BookResult> {
    const at = eventual ? happenedAt ?? now() : now()
    const entries = lines.map(({ once, ...line }): Entry => ({ v: 1, id: entryId(`${line.kind} ${once}`), user, ...line, late: false, at }))
    const sum = Number(lines.reduce((total, line) => total + BigInt(line.amount), 0n))
    if (!Number.isSafeInteger(sum)) throw new AppError('balance_out_of_range')
    const [first] = lines
    const result = await store.commit(first ? `credit_${first.kind}_${first.once}` : createId('book', at), [
      ...steps,
      ...(lines.length === 0 ? [] : [{ add: keys.available(user), by: sum }]),
      ...lines.map((line, index) => ({ once: keys.onceCredit(line.kind, line.once), value: entries[index]! })),
      ...entries.map(entry => ({ put: keys.entry(user, entry.at, entry.id), value: entry })),
    ])
    if (result.ok) return { ok: true, entries }
    if (result.step < steps.length) return { ok: false, step: result.step, value: result.value }
    if (result.reason === 'exists') return { ok: false, step: 'booked', value: result.value }
    throw new AppError('balance_out_of_range')
  }

  /**
   * Sets money aside: as much as is wanted, or all there is, but not less than `least`. The hold record is the open
   * request. The engine decides whether the money is there; reading the balance first only chooses what to ask for.
   */
  async function reserve(order: ReserveOrder): Promise<ReserveResult> {
    const wanted = Math.max(order.least, Math.min(order.wanted, holdMax))
    // Only a store whose floors bind may go by an older reading.
    const seen = eventual ? undefined : order.seen
    let amount = Math.min(wanted, Math.max(order.least, seen ?? (await balance(order.hold.user)).available))
    for (let tries = 0; tries < RESERVE_TRIES; tries++) {
      const hold: Hold = { v: 1, ...order.hold, amount }
      const plan = reserveSteps(hold, order)
      const result = await store.commit(`reserve_${hold.request}`, plan.steps)
      if (result.ok) return { ok: true, hold, rate: result.values[plan.names.indexOf('rate')] as Rate | undefined }
      const step = plan.names[result.step]
      if (step === 'idempotency') return { ok: false, reason: 'repeated', request: String(result.value) }
      if (step === 'open') return { ok: false, reason: 'concurrency' }
      if (order.limits && (step === 'key_open' || step === 'rate')) return countRefusal(step, hold, order.limits, result.value)
      if (step === 'available') {
        const left = Number(result.value ?? 0)
        if (left < order.least) return { ok: false, reason: 'credit', left }
        amount = Math.min(wanted, left)
        continue
      }
      const { refusal, left } = await readLeft(store, hold, order)
      if (refusal) return refusal
      amount = Math.min(wanted, left)
    }
    return { ok: false, reason: 'credit', left: (await balance(order.hold.user)).available }
  }

  /**
   * Grows a hold while its request runs and writes the usage so far into it. Answers the grown hold, or undefined when
   * the money, a limit of the key or the hold itself is gone.
   */
  async function extend(hold: Hold, more: number, usage: Usage, spendLimit: number | null, limits?: KeyLimits): Promise<Hold | undefined> {
    const stored = await store.get<Hold>(keys.hold(hold.request))
    if (!stored || stored.value.amount + more > holdMax) return undefined
    if (eventual && !ownerMaySettle(stored.value.startedAt, now())) return undefined
    const grown: Hold = { ...stored.value, amount: stored.value.amount + more, usage }
    const result = await store.commit(`extend_${hold.request}`, [
      { expect: keys.hold(hold.request), version: stored.version },
      { put: keys.hold(hold.request), value: grown },
      { add: keys.available(hold.user), by: -more, floor: 0 },
      { add: keys.held(hold.user), by: more },
      { add: keys.spent(hold.key.id), by: more, ...ceiling(spendLimit) },
      ...periodSteps(stored.value, more, limits),
    ])
    return result.ok ? grown : undefined
  }

  /**
   * Charges the true cost and releases the hold, in one commit with the request's record and its list rows. Settling
   * twice books once. A hold the sweeper has already released is charged in full, marked late.
   *
   * On an eventual store an owner that comes too late leaves the order to the sweeper.
   */
  async function settle(order: SettleOrder): Promise<Settled> {
    if (!eventual) return settleNow(order)
    if (ownerMaySettle(order.record.startedAt, now())) {
      try { return await settleNow(order) }
      catch (error) {
        // Whether it was booked is not known; the sweeper will see it, and books it under the same once-ids.
        if (!(error instanceof AppError && error.code === 'store_unavailable')) throw error
      }
    }
    await store.put(keys.late(order.record.id), { v: 1, order, at: now() } satisfies LateSettlement)
    return { cost: order.record.cost, late: true, repeated: false }
  }

  /** The settlement itself, whoever asks for it. */
  async function settleNow(order: SettleOrder): Promise<Settled> {
    for (let tries = 0; tries < SETTLE_TRIES; tries++) {
      const { record } = order
      const stored = await store.get<Hold>(keys.hold(record.id))
      const late = stored === undefined
      // What a sweep has charged for the same request already; the rest makes the sum the true cost.
      const charged = late ? (await store.get<{ interrupted: number }>(keys.onceRelease(record.id)))?.value.interrupted ?? 0 : 0
      const before = late ? await store.get<RequestRecord>(keys.request(record.id)) : undefined
      // Stamped here, so that what an outbox replays later stands where readers and roll-ups of today look.
      // On an eventual store by the start, because two may book it and must write the same rows.
      const booked: RequestRecord = { v: 1, ...record, late, bookedAt: eventual ? record.startedAt : now() }
      const steps = [
        { once: keys.onceCharge(record.id), value: { amount: record.cost, user: record.user }, ttlMs: order.requestsTtlMs },
        ...(late ? [] : releaseSteps(stored.value, stored.version, 0, order.requestsTtlMs)),
        ...chargeSteps(booked, record.cost - charged, stored?.value.amount ?? 0, stored ? stored.value.counted : order.counted),
        ...requestSteps(booked, order.requestsTtlMs, before?.value),
        ...(order.idempotency && order.forgetIdempotency ? [{ delete: order.idempotency }] : []),
      ]
      const result = await store.commit(`settle_${record.id}`, steps)
      if (result.ok) return { cost: record.cost, late, repeated: false }
      if (isRepeatOf(result, record.cost)) return { cost: record.cost, late, repeated: true }
    }
    throw new Error('a settlement lost eight races for its hold')
  }

  /**
   * Takes back the hold of an instance that is gone. The usage written into it is charged (nothing when there is none);
   * the true cost, should it still come, books the rest.
   */
  async function sweep(hold: Hold, version: string, interrupted: number, record: Omit<RequestRecord, 'v'>, requestsTtlMs: number): Promise<boolean> {
    const booked: RequestRecord = { v: 1, ...record, ...(eventual ? { bookedAt: record.startedAt } : {}) }
    const result = await store.commit(`sweep_${hold.request}`, [
      ...releaseSteps(hold, version, interrupted, requestsTtlMs),
      ...chargeSteps(booked, interrupted, hold.amount, hold.counted),
      ...requestSteps(booked, requestsTtlMs),
    ])
    return result.ok
  }

  /** The entry of a charge, and the money between available, held and what the key has spent. */
  function chargeSteps(record: RequestRecord, amount: number, held: number, counted: Hold['counted']): Step[] {
    const { user, late } = record
    const entry: Entry = { v: 1, id: entryId(`charge ${record.id} ${record.chargeRule === 'interrupted'}`), user, kind: 'charge', amount: -amount, reference: record.id, note: record.model.name, late, at: record.bookedAt }
    return [
      { add: keys.available(user), by: held - amount },
      { add: keys.spent(record.key.id), by: amount - held },
      ...periodSteps({ key: record.key, counted }, amount - held),
      ...(amount === 0 ? [] : [{ put: keys.entry(user, entry.at, entry.id), value: entry }]),
    ]
  }

  return { balance, isOpen, credit, book, reserve, extend, settle, settleNow, sweep }
}

function reserveSteps(hold: Hold, order: ReserveOrder): { steps: Step[], names: string[] } {
  const named: [string, Step][] = [
    ['hold', { once: keys.hold(hold.request), value: hold }],
    ['available', { add: keys.available(hold.user), by: -hold.amount, floor: 0 }],
    ['held', { add: keys.held(hold.user), by: hold.amount }],
    ['open', { add: keys.open(hold.user), by: 1, ceil: order.concurrency }],
    ['spent', { add: keys.spent(hold.key.id), by: hold.amount, ...ceiling(order.spendLimit) }],
    ...reserveLimitSteps(hold, order.limits),
  ]
  if (hold.idempotency) named.push(['idempotency', { once: hold.idempotency, value: hold.request, ttlMs: order.idempotencyTtlMs }])
  return { steps: named.map(([, step]) => step), names: named.map(([name]) => name) }
}

function ceiling(spendLimit: number | null): { ceil?: number } {
  return spendLimit === null ? {} : { ceil: spendLimit }
}

/** Gives the hold up: once, and only while it is the version that was read. */
function releaseSteps(hold: Hold, version: string, interrupted: number, ttlMs: number): Step[] {
  return [
    { once: keys.onceRelease(hold.request), value: { amount: hold.amount, interrupted }, ttlMs },
    { expect: keys.hold(hold.request), version },
    { delete: keys.hold(hold.request) },
    { add: keys.held(hold.user), by: -hold.amount },
    { add: keys.open(hold.user), by: -1 },
    ...releaseLimitSteps(hold),
  ]
}

function isRepeatOf(result: CommitResult & { ok: false }, cost: number): boolean {
  if (result.reason !== 'exists' || result.step !== 0) return false
  const stored = result.value as { amount?: number } | null
  // An eventual store may see that a fact was booked before it sees what was written with it.
  if (stored === null) return true
  if (stored.amount !== cost) throw new Error(`a request was settled before with another cost (${stored.amount} against ${cost})`)
  return true
}

function requireSame(stored: Json, entry: Entry): Entry {
  const before = stored as unknown as Entry | null
  // As above: it was booked, and this is what it was booked as.
  if (before === null) return entry
  if (before.amount === entry.amount && before.user === entry.user) return before
  throw new Error('a credit reference was used again for another amount or user')
}
