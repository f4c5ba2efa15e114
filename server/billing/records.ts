import type { ChargeRule, EndReason } from '#shared/schemas/request'
import type { Picture, PriceTable, Usage } from '#shared/schemas/price'
import type { EntryKind } from '#shared/schemas/usage'
import type { PeriodsOfTime } from './periods'

/** What a request costs, fixed when it starts: later changes of the catalogue do not touch it. */
export interface PriceSnapshot {
  /** Integer nano-credits per million units. Only classes with a price of their own appear. */
  prices: PriceTable<number>
  /** Basis points off, 0 to 10000. */
  discount: number
  /** Size and quality of the pictures it asks for or was charged for; absent where none are sold. */
  picture?: Picture
}

/** The open request: written by `reserve`, deleted by `settle`. Its one writer is the instance it names. */
export interface Hold {
  v: 1
  request: string
  user: string
  key: { id: string, name: string }
  model: { id: string, name: string }
  price: PriceSnapshot
  instance: string
  /** Nano-credits set aside. */
  amount: number
  dialect: string
  stream: boolean
  /** Usage so far, written by each `extend`: what a crash charges. */
  usage: Usage | null
  /** Store key of the client's Idempotency-Key, if it sent one. */
  idempotency: string | null
  startedAt: number
  /** The periods of its start: its cost counts there whenever it is settled. Absent in holds of earlier releases. */
  counted?: PeriodsOfTime
}

/** One line of a user's ledger, written once, never changed. */
export interface Entry {
  v: 1
  id: string
  user: string
  kind: EntryKind
  /** Signed nano-credits. */
  amount: number
  reference: string
  note: string
  late: boolean
  at: number
}

/** What an upstream took when it was asked: integer billionths of its currency per million units, and nano-credits for one unit of that currency. */
export interface CostSnapshot {
  prices: PriceTable<number>
  currency: string
  rate: number
}

/** One try at one channel. */
export interface Attempt {
  channel: string
  upstreamModel: string
  status: number | null
  error: string | null
  startedAt: number
  /** Until the upstream began to answer; absent when it did not, and in older records. */
  answerMs?: number
  durationMs: number
  /** What the upstream may bill for; absent where nothing is known. */
  usage?: Usage
  /** By what it bills; absent where the route has no cost prices. */
  costPrice?: CostSnapshot
  /** Nano-credits it costs the shop; absent where that cannot be told. */
  cost?: number
}

/** One client call, as it is kept. Prompts and answers are never part of it. */
export interface RequestRecord {
  v: 1
  id: string
  user: string
  key: { id: string, name: string }
  /** Internal id and public name of the model, as they were. */
  model: { id: string, name: string }
  dialect: string
  stream: boolean
  status: number
  endReason: EndReason
  chargeRule: ChargeRule
  error: string | null
  usage: Usage
  clamped: boolean
  late: boolean
  price: PriceSnapshot
  /** Nano-credits charged, and the largest amount held. */
  cost: number
  hold: number
  /** What was changed between two dialects, as `x-vapor-converted` says it; null when nothing was. */
  converted?: string | null
  attempts: Attempt[]
  startedAt: number
  firstByteMs: number | null
  durationMs: number
  /** Booking time: the order of every list of requests. */
  bookedAt: number
}
