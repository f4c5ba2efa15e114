import type { RequestFilters } from '~/composables/use-request-feed'

/** What an admin looks for on top of what a user does. Both are ids; an empty user and the channel `all` are no filter. */
export interface AdminRequestFilters extends RequestFilters {
  user: string
  channel: string
}

const ALL = 'all'
const USER = /^[1-9]\d{0,18}$/
const KEY = /^[a-z0-9_-]{1,64}$/
const REQUEST = /^req_\w{1,60}$/

export function emptyAdminFilters(): AdminRequestFilters {
  return { ...emptyRequestFilters(), user: '', channel: ALL }
}

/** As an address carries them; what does not fit is no filter. */
export function readAdminFilters(query: Record<string, unknown>): AdminRequestFilters {
  const text = (name: string) => typeof query[name] === 'string' ? query[name] : ''
  const shared = readRequestFilters(query)
  return { ...shared, key: KEY.test(shared.key) ? shared.key : ALL, user: userIn(text('user')) ?? '', channel: KEY.test(text('channel')) ? text('channel') : ALL }
}

/** The same for the address: only what differs from "everything". */
export function writeAdminFilters({ user, channel, ...shared }: AdminRequestFilters): Record<string, string> {
  const id = userIn(user)
  return { ...writeRequestFilters(shared), ...(id ? { user: id } : {}), ...(channel === ALL ? {} : { channel }) }
}

/** The query of the API; `now` fixes what "the last hour" means. */
export function queryOfAdminFilters({ user, channel, ...shared }: AdminRequestFilters, now: number) {
  const id = userIn(user)
  return { ...queryOfFilters(shared, now), ...(id ? { user: id } : {}), ...(channel === ALL ? {} : { channel }) }
}

/** A half-typed id is no filter yet: the schema would refuse it. */
function userIn(typed: string): string | undefined {
  return USER.test(typed.trim()) ? typed.trim() : undefined
}

/** The number of a request, as users send it to their admin. */
export function requestIdIn(typed: string): string | undefined {
  return REQUEST.test(typed.trim()) ? typed.trim() : undefined
}
