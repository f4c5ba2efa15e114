import { z } from 'zod'
import { isoTime, listOf, money, pageQuery, userId } from './common'

export const userReply = z.object({
  id: userId,
  username: z.string(),
  name: z.string(),
  avatar: z.string(),
  role: z.enum(['user', 'admin']),
  status: z.enum(['active', 'suspended']),
  trustLevel: z.number().int(),
  note: z.string(),
  /** Basis points off every price: 1000 is 10 %. */
  discount: z.number().int(),
  limits: z.object({ concurrency: z.number().int() }),
  available: money,
  held: money,
  createdAt: isoTime,
  lastSeenAt: isoTime.nullable(),
})
export type UserReply = z.output<typeof userReply>
export const userList = listOf(userReply)

export const userQuery = pageQuery.extend({
  /** A user id, or the beginning of a user name. */
  search: z.string().trim().max(60).optional(),
})

export const userPut = z.strictObject({
  status: z.enum(['active', 'suspended']).optional(),
  note: z.string().max(500).optional(),
  discount: z.number().int().min(0).max(10_000).optional(),
  limits: z.strictObject({ concurrency: z.number().int().min(1).max(1000) }).optional(),
  /** A delta, never an absolute balance, with the reason the user will read. */
  adjust: z.strictObject({
    amount: money.refine(text => Number(text) !== 0, 'must not be zero'),
    reason: z.string().trim().min(1, 'say why').max(200),
  }).optional(),
}).refine(put => Object.keys(put).length > 0, 'nothing to change')
export type UserPut = z.input<typeof userPut>

export const auditReply = z.object({
  id: z.string(),
  at: isoTime,
  admin: z.object({ id: userId, username: z.string() }),
  action: z.string(),
  target: z.string(),
  before: z.unknown(),
  after: z.unknown(),
})
export type AuditReply = z.output<typeof auditReply>
/** `admins` are those who can be asked for: of ADMIN_UIDS, whether they changed anything or not. */
export const auditList = listOf(auditReply).extend({ admins: z.array(z.object({ id: userId, username: z.string() })) })
export const auditQuery = pageQuery.extend({
  admin: userId.optional(),
  /** An action such as `channel.put`, or what it is about: `channel`. */
  action: z.string().regex(/^[a-z]+(?:\.[a-z]+)?$/).max(60).optional(),
})
