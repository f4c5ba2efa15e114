import { z } from 'zod'
import { isoTime, listOf, money, positiveMoney, recordId } from './common'
import { entryReply } from './usage'

/** As people type it: letters and digits in groups; case and dashes do not matter. */
export const codeText = z.string().trim().min(8).max(64).regex(/^[0-9A-Za-z-]+$/, 'letters, digits and dashes only')
export const codeRedeem = z.strictObject({ code: codeText })
/** Without an entry it is being confirmed: on a store whose copies lag it takes minutes to know who was first. */
export const codeRedeemed = z.object({ entry: entryReply.nullable(), credit: money })

export const batchCreate = z.strictObject({
  name: z.string().trim().min(1).max(60),
  /** Credits each code is worth. */
  value: positiveMoney.refine(text => Number(text) > 0, 'must be more than zero'),
  /** How many codes, and how many different users each serves. */
  count: z.number().int().min(1).max(1000),
  uses: z.number().int().min(1).max(100_000).default(1),
  expiresAt: isoTime.nullable().default(null),
})
export type BatchCreate = z.input<typeof batchCreate>

export const batchReply = z.object({
  id: recordId,
  name: z.string(),
  value: money,
  count: z.number().int(),
  uses: z.number().int(),
  /** Redemptions so far, over all codes of the batch. */
  redeemed: z.number().int(),
  expiresAt: isoTime.nullable(),
  enabled: z.boolean(),
  createdAt: isoTime,
})
export type BatchReply = z.output<typeof batchReply>
export const batchList = listOf(batchReply)
/** The codes are in this reply only: the store keeps their hashes. Null when the reply is a repeated one. */
export const batchCreated = z.object({ batch: batchReply, codes: z.array(z.string()).nullable() })
export type BatchCreated = z.output<typeof batchCreated>
export const batchPut = z.strictObject({ enabled: z.boolean() })

/** What stands behind `/?invite=` in a link. */
export const inviteCode = z.string().trim().toLowerCase().regex(/^[0-9a-z]{10}$/)
/** The cookie that remembers it until the first sign-in, and for how long. */
export const inviteCookie = 'vapor_invite'
export const inviteCookieSeconds = 30 * 86_400

/** What a user needs to invite others. */
export const inviteInfo = z.object({
  /** Goes behind `/?invite=`. */
  code: z.string(),
  /** Credits for each invited user's first paid order; 0 when invitations pay nothing. */
  reward: money,
  cap: z.number().int(),
  /** Users who came by this code, how many of them were paid for, and the credit they brought. */
  invited: z.number().int(),
  rewarded: z.number().int(),
  earned: money,
})
export type InviteInfo = z.output<typeof inviteInfo>

/** Users who came by one's link, newest first. */
export const invitedList = listOf(z.object({ username: z.string(), createdAt: isoTime }))
