import { formatNano } from '#shared/utils/money'
import type { KeyReply } from '#shared/schemas/key'
import type { AuditReply, UserReply } from '#shared/schemas/user'
import type { AuditLine } from './audit'
import type { KeyState } from './keys'
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

export function toKeyReply({ key, spent, lastUsedAt }: KeyState): KeyReply {
  return {
    id: key.id,
    name: key.name,
    hint: key.hint,
    enabled: key.enabled,
    expiresAt: key.expiresAt === null ? null : toIso(key.expiresAt),
    spendLimit: key.spendLimit === null ? null : formatNano(key.spendLimit),
    spent: formatNano(spent),
    models: key.models,
    createdAt: toIso(key.createdAt),
    lastUsedAt: lastUsedAt === null ? null : toIso(lastUsedAt),
  }
}

export function toAuditReply({ id, at, admin, action, target, before, after }: AuditLine): AuditReply {
  return { id, at: toIso(at), admin, action, target, before, after }
}

function toIso(at: number): string {
  return new Date(at).toISOString()
}
