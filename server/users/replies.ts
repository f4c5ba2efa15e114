import { formatNano } from '#shared/utils/money'
import type { KeyReply, LimitPeriod } from '#shared/schemas/key'
import type { AuditReply, UserReply } from '#shared/schemas/user'
import type { AuditLine } from './audit'
import type { KeyRecordLimits, KeyState } from './keys'
import type { UserRecord } from './users'

/** What a user record does not know by itself. Money in nano-credits. */
export interface UserSurroundings {
  admin: boolean
  available: number
  held: number
  /** Limit of a user without limits of its own. */
  concurrency: number
}

export function toUserReply(user: UserRecord, around: UserSurroundings): UserReply {
  return {
    id: user.id,
    username: user.username,
    name: user.name,
    avatar: user.avatar,
    role: around.admin ? 'admin' : 'user',
    status: user.status,
    trustLevel: user.trustLevel,
    note: user.note,
    discount: user.discount,
    limits: user.limits ?? { concurrency: around.concurrency },
    available: formatNano(around.available),
    held: formatNano(around.held),
    createdAt: toIso(user.createdAt),
    lastSeenAt: toIso(user.lastSeenAt),
  }
}

/** What a key has used, from the ledger's counters. Money in nano-credits. */
export interface KeyUse {
  today: number
  sevenDays: number
  thirtyDays: number
  money: { period: LimitPeriod | 'total', limit: number | null, spent: number, resetsAt: number | null }[]
  open: number
}

export function toKeyReply({ key, spent, lastUsedAt }: KeyState, use: KeyUse): KeyReply {
  const { today, sevenDays, thirtyDays } = use
  const until = Math.max(0, ...(key.replaced ?? []).map(old => old.until))
  return {
    id: key.id,
    name: key.name,
    hint: key.hint,
    enabled: key.enabled,
    expiresAt: key.expiresAt === null ? null : toIso(key.expiresAt),
    spendLimit: key.spendLimit === null ? null : formatNano(key.spendLimit),
    spent: formatNano(spent),
    limits: toLimits(key.limits),
    models: key.models,
    ips: key.ips ?? [],
    usage: { today: formatNano(today), sevenDays: formatNano(sevenDays), thirtyDays: formatNano(thirtyDays) },
    budgets: use.money.flatMap(({ period, limit, spent: used, resetsAt }) => limit === null ? [] : [{ period, limit: formatNano(limit), spent: formatNano(used), remaining: formatNano(Math.max(0, limit - used)), resetsAt: resetsAt === null ? null : toIso(resetsAt) }]),
    open: use.open,
    oldSecretUntil: until > Date.now() ? toIso(until) : null,
    createdAt: toIso(key.createdAt),
    lastUsedAt: lastUsedAt === null ? null : toIso(lastUsedAt),
  }
}

function toLimits(limits: Partial<KeyRecordLimits> = {}): KeyReply['limits'] {
  const { day = null, week = null, month = null, rpm = null, tpm = null, concurrency = null } = limits
  const credits = (nano: number | null) => nano === null ? null : formatNano(nano)
  return { day: credits(day), week: credits(week), month: credits(month), rpm, tpm, concurrency }
}

export function toAuditReply({ id, at, admin, action, target, before, after }: AuditLine): AuditReply {
  return { id, at: toIso(at), admin, action, target, before, after }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
