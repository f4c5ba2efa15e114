/** Batches of redemption codes: what admins make, switch and look at. */
import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { readCursor, writeCursor } from '#server/storage/cursor'
import { createId } from '#server/storage/ids'
import { keys } from '#server/storage/keys'
import type { Step, Store } from '#server/storage/store'
import type { batchCreate, BatchReply } from '#shared/schemas/code'
import { formatNano, parseSafeNano } from '#shared/utils/money'
import { createCode, hashCode } from './code-text'

const CHANGE_TRIES = 8
const DIGITS = 4

/** Codes of one worth. The codes themselves are stored as hashes only, each pointing here. */
export interface BatchRecord {
  v: 1
  id: string
  name: string
  /** Nano-credits each redemption is worth. */
  value: number
  /** How many codes, and how many different users each serves. */
  count: number
  uses: number
  /** Epoch milliseconds; null is never. */
  expiresAt: number | null
  enabled: boolean
  createdAt: number
}

export interface CodeRecord {
  v: 1
  /** `<batch>_<number>`: names a code where the code itself must not stand. */
  id: string
  batch: string
}

export interface BatchState {
  batch: BatchRecord
  /** Redemptions so far, over all codes. */
  redeemed: number
}

/** More steps for the commit of a change, made from the record before and after it: the audit line. */
export type BatchSteps = (before: BatchRecord | undefined, after: BatchRecord) => Step[]

export function createBatches({ store, now }: { store: Store, now: () => number }) {
  /** Makes a batch with all its codes in one commit. The codes are answered here and can never be read again. */
  async function create(order: z.output<typeof batchCreate>, also: BatchSteps): Promise<{ batch: BatchRecord, codes: string[] }> {
    const value = parseSafeNano(order.value)
    if (value === undefined) throw new AppError('balance_out_of_range')
    const { name, count, uses, expiresAt } = order
    const at = now()
    const batch: BatchRecord = { v: 1, id: createId('bat', at), name, value, count, uses, expiresAt: expiresAt === null ? null : Date.parse(expiresAt), enabled: true, createdAt: at }
    const codes = Array.from({ length: count }, createCode)
    const result = await store.commit(`batch_${batch.id}`, [
      { once: keys.batch(batch.id), value: batch },
      ...codes.map((code, index): Step => ({ once: keys.codeByHash(hashCode(code)!), value: { v: 1, id: codeId(batch.id, index), batch: batch.id } satisfies CodeRecord })),
      ...also(undefined, batch),
    ])
    if (!result.ok) throw new Error('a code was made twice')
    return { batch, codes }
  }

  /** Newest first. */
  async function list(page: { after?: string | undefined, limit: number }): Promise<{ items: BatchState[], next: string | null }> {
    const rows = await store.list<BatchRecord>(keys.batchPrefix, { after: readCursor(keys.batchPrefix, page.after), limit: page.limit + 1, reverse: true })
    const shown = rows.slice(0, page.limit)
    const redeemed = await store.getMany<number>(shown.map(row => keys.batchRedeemed(row.value.id)))
    return {
      items: shown.map((row, index) => ({ batch: row.value, redeemed: redeemed[index]?.value ?? 0 })),
      next: rows.length > page.limit ? writeCursor(keys.batchPrefix, shown.at(-1)?.key) : null,
    }
  }

  /** Switches a batch on or off; what was redeemed stays. Throws record_not_found. */
  async function change(id: string, { enabled }: { enabled: boolean }, also: BatchSteps): Promise<BatchState> {
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const stored = /^\w+$/.test(id) ? await store.get<BatchRecord>(keys.batch(id)) : undefined
      if (!stored) throw new AppError('record_not_found', { kind: 'batch' })
      const batch: BatchRecord = { ...stored.value, enabled }
      const result = await store.commit(`batch_${id}`, [
        { expect: keys.batch(id), version: stored.version },
        { put: keys.batch(id), value: batch },
        ...also(stored.value, batch),
      ])
      if (result.ok) return { batch, redeemed: (await store.get<number>(keys.batchRedeemed(id)))?.value ?? 0 }
    }
    throw new AppError('changed_meanwhile', { kind: 'batch' })
  }

  return { create, list, change }
}

function codeId(batch: string, index: number): string {
  return `${batch}_${String(index + 1).padStart(DIGITS, '0')}`
}

export function toBatchReply({ batch, redeemed }: BatchState): BatchReply {
  const { id, name, value, count, uses, expiresAt, enabled, createdAt } = batch
  return { id, name, value: formatNano(value), count, uses, redeemed, expiresAt: expiresAt === null ? null : toIso(expiresAt), enabled, createdAt: toIso(createdAt) }
}

/** What an audit line says of a batch. */
export function describeBatch({ name, value, count, uses, expiresAt, enabled }: BatchRecord) {
  return { name, value: formatNano(value), count, uses, expiresAt: expiresAt === null ? null : toIso(expiresAt), enabled }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
