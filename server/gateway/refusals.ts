/**
 * What was refused before it became a request: such calls leave no record, and yet they are what a new user most needs to
 * see. The last few of each user are kept in this process for a quarter of an hour, and nowhere else.
 */
import type { ErrorParams } from '#server/errors/app-error'
import type { ErrorCode } from '#server/errors/codes'

const PER_OWNER = 20
const OWNERS_MAX = 2000
const KEEP_MS = 900_000
const TEXT_MAX = 200

/** What stood where the key should, as far as that can be told without keeping it. */
export type SentKey = 'none' | 'placeholder' | 'cut' | 'anthropic' | 'openrouter' | 'google' | 'foreign' | 'ours'

export interface Refusal {
  /** The id the caller was told. */
  id: string
  /** Epoch milliseconds. */
  at: number
  code: ErrorCode
  params: ErrorParams
  method: string
  path: string
  dialect: string
  /** `User-Agent` of the caller. */
  agent: string
  sent: SentKey
  /** The key it came with; null when nobody has that key. */
  key: { id: string, name: string } | null
}

/** A user where the key is known, else the address a call came from. */
export type Owner = { user: string } | { address: string }

export type Refusals = ReturnType<typeof createRefusals>

export function createRefusals({ now }: { now: () => number }) {
  const rings = new Map<string, Refusal[]>()

  function read(owner: Owner, since: number): Refusal[] {
    const from = Math.max(since, now() - KEEP_MS)
    return (rings.get(nameOf(owner)) ?? []).filter(refusal => refusal.at >= from)
  }

  return {
    note(owner: Owner, refusal: Omit<Refusal, 'at'>): void {
      const name = nameOf(owner)
      const ring = rings.get(name) ?? []
      ring.push({ ...cutTexts(refusal), at: now() })
      if (ring.length > PER_OWNER) ring.shift()
      // Written again, so that the owner longest silent is the first to be forgotten.
      rings.delete(name)
      rings.set(name, ring)
      if (rings.size > OWNERS_MAX) rings.delete(rings.keys().next().value!)
    },

    /** Newest first: what is the user's own, and what came from the same address with no key anybody has. */
    listSince(user: string, address: string | undefined, since: number): Refusal[] {
      const foreign = address === undefined ? [] : read({ address }, since)
      return [...read({ user }, since), ...foreign].reverse().sort((a, b) => b.at - a.at)
    },
  }
}

function nameOf(owner: Owner): string {
  return 'user' in owner ? `user ${owner.user}` : `address ${owner.address}`
}

/** Callers choose these texts: none may be long. */
function cutTexts(refusal: Omit<Refusal, 'at'>): Omit<Refusal, 'at'> {
  const params = Object.fromEntries(Object.entries(refusal.params).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, TEXT_MAX) : value]))
  return { ...refusal, params, path: refusal.path.slice(0, TEXT_MAX), agent: refusal.agent.slice(0, TEXT_MAX) }
}

const KEY_LENGTH = 46

/** Tells kinds of keys apart by how they begin; nothing of the key itself leaves here. */
export function kindOfKey(secret: string | undefined): SentKey {
  if (!secret) return 'none'
  if (secret.startsWith('sk-ant-')) return 'anthropic'
  if (secret.startsWith('sk-or-')) return 'openrouter'
  if (secret.startsWith('AIza')) return 'google'
  if (/^sk-[^0-9A-Za-z]|\.\.\.|your|key|xxx/i.test(secret.slice(0, 24)) && !/^sk-[0-9A-Za-z]{43}$/.test(secret)) return 'placeholder'
  if (!secret.startsWith('sk-')) return 'foreign'
  return secret.length < KEY_LENGTH ? 'cut' : secret.length === KEY_LENGTH ? 'ours' : 'foreign'
}
