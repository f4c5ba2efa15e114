import { z } from 'zod'
import { isoTime, recordId } from './common'
import { requestReply } from './request'

/** What stood where the key should: nothing, a text to be replaced, a key that is too short, or another vendor's. */
export const sentKeys = ['none', 'placeholder', 'cut', 'anthropic', 'openrouter', 'google', 'foreign', 'ours'] as const

const refusal = z.object({
  /** The request id the caller was told. */
  id: recordId,
  at: isoTime,
  /** Stable code of the refusal. */
  code: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  method: z.string(),
  path: z.string(),
  dialect: z.string(),
  agent: z.string(),
  sent: z.enum(sentKeys),
  /** Null: it came from the reader's address with a key nobody has, or with none. */
  key: z.object({ id: recordId, name: z.string() }).nullable(),
})
export type RefusalReply = z.output<typeof refusal>

export const doctorQuery = z.strictObject({ since: isoTime })

/** What has arrived from this user since a time, newest first. Refusals are those this process has seen. */
export const doctorReply = z.object({
  now: isoTime,
  /** Requests running now. */
  open: z.number().int(),
  requests: z.array(requestReply),
  refusals: z.array(refusal),
})
export type DoctorReply = z.output<typeof doctorReply>
