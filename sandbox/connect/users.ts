/** Someone who can sign in. Tests may change these objects in place; the next claims follow. */
export interface SandboxUser {
  id: number
  username: string
  /** The nickname: free text, may be empty. */
  name: string
  trustLevel: 0 | 1 | 2 | 3 | 4
  active: boolean
  silenced: boolean
  /** Connect's addresses are synthetic (`u{id}@linux.do`) and may be missing. */
  email: string | undefined
  /** `relative` gives only an `avatar_template` with `{size}` and no `avatar_url`, as older replies did. */
  avatar: 'absolute' | 'relative'
  /** The name this user carries from the second sign-in on. */
  renamedTo?: string
  /** Why this user is in the list, in the order Chinese, English. */
  about: [string, string]
}

/**
 * What `/api/user` and the id_token say about a user, with Connect's field names:
 * `id` is a number, `sub` the same as a string, `external_ids` null, `api_key` a secret nobody should keep.
 */
export interface UserClaims {
  id: number
  sub: string
  username: string
  login: string
  name: string
  email?: string
  avatar_template: string
  avatar_url?: string
  active: boolean
  trust_level: number
  silenced: boolean
  external_ids: null
  api_key: string
}

function plainUser(id: number, username: string, about: [string, string], rest: Partial<SandboxUser> = {}): SandboxUser {
  return {
    id,
    username,
    name: `Sandbox ${username}`,
    trustLevel: 2,
    active: true,
    silenced: false,
    email: `u${id}@linux.do`,
    avatar: 'absolute',
    about,
    ...rest,
  }
}

/** The people of a fresh sandbox, one for each case a shop must get right. */
export function createUsers(): SandboxUser[] {
  return [
    plainUser(1, 'admin', ['管理员，信任等级 4', 'trust level 4'], { trustLevel: 4 }),
    plainUser(2, 'user', ['普通用户，信任等级 2', 'trust level 2']),
    plainUser(3, 'newcomer', ['新用户，信任等级 0', 'trust level 0'], { trustLevel: 0 }),
    plainUser(4, 'banned', ['账号已停用', 'active is false'], { active: false }),
    plainUser(5, 'silenced', ['已被禁言', 'silenced is true'], { silenced: true }),
    plainUser(6, 'no-email', ['没有邮箱', 'the email is missing'], { email: undefined }),
    plainUser(7, 'no-name', ['昵称为空', 'the name is empty'], { name: '' }),
    plainUser(8, 'relative-avatar', ['头像为相对模板', 'avatar_template is relative, with {size}'], { avatar: 'relative' }),
    plainUser(9, 'before-rename', ['第二次登录时已改名', 'carries a new username from the second sign-in on'], { renamedTo: 'after-rename' }),
    plainUser(10, 'before-rename', ['占用了 9 号的旧用户名', 'took the username number 9 gave up']),
    plainUser(11, 'markup', ['昵称里有 HTML', 'the name holds HTML'], { name: '<img src=x onerror=alert(1)> & "quotes" 🦊' }),
    plainUser(12, 'basic', ['信任等级 1', 'trust level 1'], { trustLevel: 1 }),
    plainUser(13, 'regular', ['信任等级 3', 'trust level 3'], { trustLevel: 3 }),
  ]
}

/**
 * Finds who `hint` names, by id or by username. A new numeric id makes a plain user, so that a test can have
 * as many customers as it likes; anything else that is unknown is undefined.
 */
export function findOrCreateUser(users: SandboxUser[], hint: string): SandboxUser | undefined {
  const known = users.find(user => String(user.id) === hint) ?? users.find(user => user.username === hint)
  if (known || !/^[1-9]\d{0,14}$/.test(hint)) return known
  const created = plainUser(Number(hint), `u${hint}`, ['临时用户', 'made on the fly'])
  users.push(created)
  return created
}

/** The claims about a user. `base` is the address of the fake Connect, without a trailing slash. */
export function claimsOf(user: SandboxUser, base: string): UserClaims {
  const picture = `/user_avatar/sandbox/${encodeURIComponent(user.username)}`
  const absolute = `${base}${picture}/288/${user.id}.svg`
  const claims: UserClaims = {
    id: user.id,
    sub: String(user.id),
    username: user.username,
    login: user.username,
    name: user.name,
    avatar_template: user.avatar === 'absolute' ? absolute : `${new URL(base).pathname}${picture}/{size}/${user.id}.svg`,
    active: user.active,
    trust_level: user.trustLevel,
    silenced: user.silenced,
    external_ids: null,
    api_key: `sandbox-forum-key-of-${user.id}-which-nobody-should-keep`,
  }
  if (user.email !== undefined) claims.email = user.email
  if (user.avatar === 'absolute') claims.avatar_url = absolute
  return claims
}

/** Draws a small round picture (SVG text) for a user id; `size` is in CSS pixels. */
export function drawAvatar(id: number, letter: string, size: number): string {
  const hue = (id * 137) % 360
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 64 64">`
    + `<circle cx="32" cy="32" r="32" fill="hsl(${hue} 45% 45%)"/>`
    + `<text x="32" y="43" font-family="system-ui, sans-serif" font-size="30" text-anchor="middle" fill="#fff">${letter}</text></svg>`
}
