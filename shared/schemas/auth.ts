import { z } from 'zod'
import { isoTime, money, userId } from './common'

export const me = z.object({
  id: userId,
  username: z.string(),
  name: z.string(),
  avatar: z.string(),
  role: z.enum(['user', 'admin']),
  trustLevel: z.number().int(),
  available: money,
  held: money,
  /** Basis points off every price, 0 to 10000. */
  discount: z.number().int(),
  createdAt: isoTime,
})
export type Me = z.output<typeof me>

/** What the login page needs to know before anybody is signed in. */
export const loginInfo = z.object({
  ready: z.boolean(),
  /** Names of environment variables that must be set before sign-in works. */
  missing: z.array(z.string()),
  /** False when the site is served over plain http: the session cookie is not `Secure` then. */
  secure: z.boolean(),
  /** False: only who was here before gets in. */
  open: z.boolean(),
  minTrustLevel: z.number().int(),
  welcomeCredit: money,
})
export type LoginInfo = z.output<typeof loginInfo>

export const loginQuery = z.object({
  /** Where to go after sign-in: a path on this site. */
  next: z.string().max(200).optional(),
  /** Development only: passed on to a Connect on the loopback address. */
  login_hint: z.string().max(40).optional(),
})
