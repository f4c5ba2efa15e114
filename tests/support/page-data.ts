/** Which operations fill which page when it is opened, with what the page asks for: for tests and benchmarks that open the data of all of them. */

/** Who opens it. */
type Reader = 'nobody' | 'user' | 'admin'

export interface PageData {
  page: string
  reader: Reader
  /** Paths of the API; what stands in braces is filled by whoever asks. */
  calls: string[]
}

/** What paths may name: somebody busy, one of his requests and a credited order. */
export interface Known { uid: string, request: string, order: string, key: string, channel: string, model: string }

const shell = ['/api/auth/me']
const filters = ['/api/admin/models?limit=200', '/api/admin/channels?limit=200']

export const pageData: PageData[] = [
  { page: '/', reader: 'nobody', calls: ['/api/site', '/api/models', '/api/status?range=day'] },
  { page: '/models', reader: 'nobody', calls: ['/api/models'] },
  { page: '/status', reader: 'nobody', calls: ['/api/status?range=hour', '/api/status?range=day', '/api/status?range=month'] },
  { page: '/docs', reader: 'nobody', calls: ['/api/docs', '/api/models'] },
  { page: '/login', reader: 'nobody', calls: ['/api/auth/info'] },
  { page: '/console', reader: 'user', calls: [...shell, '/api/user/usage?days=30&limit=5', '/api/user/usage?days=90&limit=5', '/api/user/keys?limit=1'] },
  { page: '/console/keys', reader: 'user', calls: [...shell, '/api/user/keys?limit=50'] },
  { page: '/console/connect', reader: 'user', calls: [...shell, '/api/models', '/api/user/doctor?since={since}'] },
  { page: '/console/playground', reader: 'user', calls: [...shell, '/api/models', '/api/user/requests?limit=1'] },
  { page: '/console/requests', reader: 'user', calls: [...shell, '/api/user/keys?limit=200', '/api/user/requests?limit=50', '/api/user/requests?limit=50&outcome=failed', '/api/user/requests?limit=50&model={model}', '/api/user/requests?limit=50&key={key}', '/api/user/requests/{request}', '/api/user/requests/{request}/receipt'] },
  { page: '/console/wallet', reader: 'user', calls: [...shell, '/api/user/orders?limit=5', '/api/pay/info', '/api/user/invite', '/api/user/invited', '/api/user/entries?limit=50'] },
  { page: '/admin', reader: 'admin', calls: [...shell, '/api/admin/stats?days=1', '/api/admin/stats?days=7', '/api/admin/stats?days=30', '/api/admin/stats?days=90', '/api/admin/alerts?limit=3', '/api/admin/channels?limit=200'] },
  { page: '/admin/channels', reader: 'admin', calls: [...shell, '/api/admin/channels?limit=100', '/api/admin/channels/traffic?days=1', '/api/admin/channels/traffic?days=90'] },
  { page: '/admin/models', reader: 'admin', calls: [...shell, ...filters] },
  { page: '/admin/users', reader: 'admin', calls: [...shell, '/api/admin/users?limit=50', '/api/admin/users?limit=50&search=u1', '/api/admin/users/spending?users={uids}', '/api/admin/users/{uid}', '/api/admin/users/{uid}/entries?limit=50', '/api/admin/users/{uid}/keys?limit=50', '/api/admin/requests?limit=20&user={uid}'] },
  { page: '/admin/requests', reader: 'admin', calls: [...shell, ...filters, '/api/admin/requests?limit=50', '/api/admin/requests?limit=50&outcome=failed', '/api/admin/requests?limit=50&outcome=client_left', '/api/admin/requests?limit=50&channel={channel}', '/api/admin/requests?limit=50&channel={channel}&outcome=failed', '/api/admin/requests?limit=50&user={uid}&outcome=failed', '/api/admin/requests?limit=50&model={model}', '/api/admin/requests/{request}', '/api/admin/requests/{request}/receipt'] },
  { page: '/admin/orders', reader: 'admin', calls: [...shell, '/api/admin/orders?limit=50', '/api/admin/orders?limit=50&state=refunded', '/api/admin/orders?limit=50&user={uid}', '/api/admin/orders/{order}', '/api/pay/info'] },
  { page: '/admin/payments', reader: 'admin', calls: [...shell, '/api/admin/payments', '/api/admin/settings/payments', '/api/admin/alerts?limit=20'] },
  { page: '/admin/books', reader: 'admin', calls: [...shell, '/api/admin/books?days=7', '/api/admin/books?days=30', '/api/admin/books?days=90'] },
  { page: '/admin/codes', reader: 'admin', calls: [...shell, '/api/admin/codes?limit=50'] },
  { page: '/admin/audit', reader: 'admin', calls: [...shell, '/api/admin/audit?limit=50', '/api/admin/audit?limit=50&action=user'] },
  { page: '/admin/announcements', reader: 'admin', calls: [...shell, '/api/admin/announcements'] },
  { page: '/admin/settings', reader: 'admin', calls: [...shell, '/api/admin/settings', '/api/admin/configuration'] },
]

/** As many users as a page of the list has; the API takes the ids of users who are not there, too. */
const firstUsers = Array.from({ length: 50 }, (_, index) => index + 1).join(',')

/** A path with what it names. */
export function fillCall(path: string, known: Known): string {
  const values: Record<string, string> = { ...known, uids: firstUsers, since: new Date(Date.now() - 60_000).toISOString() }
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''))
}
