import { z } from 'zod'

const AVATAR_SIZE = 240
const FORUM = 'https://linux.do'
const NAME_MAX = 60

/** What LinuxDo says about who signed in, as far as Vapor keeps it. E-mail and the forum's `api_key` never get here. */
export interface Person {
  id: string
  username: string
  name: string
  avatar: string
  trustLevel: number
  active: boolean
  silenced: boolean
}

const text = z.string().catch('')
const identity = z.union([z.string(), z.number().int()]).transform(String).pipe(z.string().regex(/^[1-9]\d{0,18}$/))

/**
 * Fields of `/api/user`, as recorded from the live service. Only the identity is needed: Connect has changed the others
 * over time, so what is missing or odd falls back to the careful side (not active, level 0).
 */
const claims = z.object({
  sub: z.union([z.string(), z.number().int()]).nullish(),
  id: z.union([z.string(), z.number().int()]).nullish(),
  username: text,
  login: text,
  name: text,
  avatar_template: text,
  avatar_url: text,
  active: z.boolean().catch(false),
  silenced: z.boolean().catch(false),
  trust_level: z.coerce.number().int().min(0).max(4).catch(0),
})

/**
 * The person in a userinfo reply, or undefined when it names nobody. The identity is `sub`, else `id`, as text: names
 * may change and be taken by somebody else.
 * @param forum where relative pictures live.
 */
export function readPerson(reply: unknown, forum = FORUM): Person | undefined {
  const parsed = claims.safeParse(reply)
  if (!parsed.success) return undefined
  const { data } = parsed
  const id = identity.safeParse(data.sub ?? data.id)
  if (!id.success) return undefined
  return {
    id: id.data,
    username: clean(data.username) || clean(data.login) || `u${id.data}`,
    name: clean(data.name),
    avatar: readAvatar(data.avatar_template, forum) || readAvatar(data.avatar_url, forum),
    trustLevel: data.trust_level,
    active: data.active,
    silenced: data.silenced,
  }
}

/** Free text of a stranger: one line, bounded. Escaping is the page's work. */
function clean(name: string): string {
  return name.replace(/\p{C}+/gu, ' ').trim().slice(0, NAME_MAX)
}

function readAvatar(template: string, forum: string): string {
  if (!template) return ''
  try {
    const url = new URL(template.replaceAll('{size}', String(AVATAR_SIZE)), forum)
    const allowed = url.protocol === 'https:' || url.origin === forum
    return allowed && url.href.length <= 500 ? url.href : ''
  }
  catch { return '' }
}
