import { z } from 'zod'
import { isoTime, listOf, money, positiveMoney, recordId } from './common'

const name = z.string().trim().min(1, 'give the key a name').max(60)
const models = z.array(z.string().min(1).max(200)).max(200)
/** Addresses and networks in CIDR notation, v4 or v6; empty is everywhere. */
const ips = z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'an address such as 203.0.113.7, or a network such as 203.0.113.0/24')).max(50)

/** Money limits that begin anew: at midnight, on Monday, on the first, of the shop's time zone. */
export const limitPeriods = ['day', 'week', 'month'] as const
export type LimitPeriod = typeof limitPeriods[number]

const credits = positiveMoney.nullable()
const whole = (max: number) => z.number().int().min(1).max(max).nullable()
const limitFields = {
  /** Credits to spend in each. */
  day: credits,
  week: credits,
  month: credits,
  /** Requests and expected tokens that may start in a minute. */
  rpm: whole(1_000_000),
  tpm: whole(1_000_000_000),
  /** Requests that may run at the same time. */
  concurrency: whole(1000),
}
const limitChange = z.strictObject(limitFields).partial()

export const keyCreate = z.strictObject({
  name,
  expiresAt: isoTime.nullable().default(null),
  /** The most this key may ever spend; null is no limit. */
  spendLimit: positiveMoney.nullable().default(null),
  /** Null, or absent, is no limit. */
  limits: limitChange.prefault({}),
  /** Public names this key may call; empty is all. */
  models: models.default([]),
  ips: ips.default([]),
})
export type KeyCreate = z.input<typeof keyCreate>

export const keyPatch = z.strictObject({
  name: name.optional(),
  enabled: z.boolean().optional(),
  expiresAt: isoTime.nullable().optional(),
  spendLimit: positiveMoney.nullable().optional(),
  /** Those that are named change. */
  limits: limitChange.optional(),
  models: models.optional(),
  ips: ips.optional(),
}).refine(patch => Object.keys(patch).length > 0, 'nothing to change')
export type KeyPatch = z.input<typeof keyPatch>

/** How long the secret that is replaced keeps working, in seconds: not at all, an hour, a day, a week. */
export const keyGraces = [0, 3600, 86_400, 604_800] as const
export const keyRotate = z.strictObject({ grace: z.literal(keyGraces) })
export type KeyRotate = z.input<typeof keyRotate>

/** One limit of money: `resetsAt` is null for the one that never begins anew. */
const keyBudget = z.object({
  period: z.enum([...limitPeriods, 'total']),
  limit: money,
  spent: money,
  /** Never below zero. */
  remaining: money,
  resetsAt: isoTime.nullable(),
})

export const keyReply = z.object({
  id: recordId,
  name: z.string(),
  /** First and last characters, enough to recognise it: "sk-a1b2…wxyz". */
  hint: z.string(),
  enabled: z.boolean(),
  expiresAt: isoTime.nullable(),
  spendLimit: money.nullable(),
  /** Spent and held so far, counted against `spendLimit`. */
  spent: money,
  limits: z.object(limitFields),
  models: z.array(z.string()),
  ips: z.array(z.string()),
  /** Spent and held, by the days of the shop's time zone. */
  usage: z.object({ today: money, sevenDays: money, thirtyDays: money }),
  budgets: z.array(keyBudget),
  /** Requests running now. */
  open: z.number().int(),
  /** Until when a replaced secret still works. */
  oldSecretUntil: isoTime.nullable(),
  createdAt: isoTime,
  lastUsedAt: isoTime.nullable(),
})
export type KeyReply = z.output<typeof keyReply>

/** The secret is shown this once; null when a repeated `Idempotency-Key` found the key already made. */
export const keyCreated = keyReply.extend({ secret: z.string().nullable() })
export type KeyCreated = z.output<typeof keyCreated>
export const keyList = listOf(keyReply)

/** A key of the playground: signed, written nowhere, and over after ten minutes or with its session. */
export const playgroundKey = z.object({ secret: z.string(), expiresAt: isoTime })
