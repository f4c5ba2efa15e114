import { z } from 'zod'
import { isoTime, listOf, money, positiveMoney, recordId } from './common'

const name = z.string().trim().min(1, 'give the key a name').max(60)
const models = z.array(z.string().min(1).max(200)).max(200)

export const keyCreate = z.strictObject({
  name,
  expiresAt: isoTime.nullable().default(null),
  /** The most this key may ever spend; null is no limit. */
  spendLimit: positiveMoney.nullable().default(null),
  /** Public names this key may call; empty is all. */
  models: models.default([]),
})
export type KeyCreate = z.input<typeof keyCreate>

export const keyPatch = z.strictObject({
  name: name.optional(),
  enabled: z.boolean().optional(),
  expiresAt: isoTime.nullable().optional(),
  spendLimit: positiveMoney.nullable().optional(),
  models: models.optional(),
}).refine(patch => Object.keys(patch).length > 0, 'nothing to change')
export type KeyPatch = z.input<typeof keyPatch>

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
  models: z.array(z.string()),
  createdAt: isoTime,
  lastUsedAt: isoTime.nullable(),
})
export type KeyReply = z.output<typeof keyReply>

/** The secret is shown this once; null when a repeated `Idempotency-Key` found the key already made. */
export const keyCreated = keyReply.extend({ secret: z.string().nullable() })
export type KeyCreated = z.output<typeof keyCreated>
export const keyList = listOf(keyReply)
