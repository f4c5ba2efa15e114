/** A person at the shop's HTTP API: cookies, sign-in by redirects, JSON. Nothing here knows the server's inside. */

const REDIRECTS_MAX = 10

export interface Reply<T> {
  status: number
  body: T
}

export type Client = ReturnType<typeof createClient>

export function createClient(origin: string) {
  const jars = new Map<string, Map<string, string>>()

  /** One request with the cookies of its host; a redirect is handed back, not followed. */
  async function request(url: URL, init: RequestInit = {}): Promise<Response> {
    const jar = jars.get(url.origin) ?? new Map<string, string>()
    jars.set(url.origin, jar)
    const headers = new Headers(init.headers)
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) keep(jar, line)
    return response
  }

  /** Signs in as a user of the sandbox, by number. Throws with what the server answered when it does not work. */
  async function signIn(user: string): Promise<void> {
    let url = new URL(`/api/auth/login?login_hint=${user}`, origin)
    for (let hops = 0; hops < REDIRECTS_MAX; hops++) {
      const response = await request(url)
      const location = response.headers.get('location')
      const text = await response.text()
      if (!location) throw new Error(`sign-in stopped at ${url.pathname} with ${response.status}: ${text.slice(0, 300)}`)
      const ended = url.origin === origin && url.pathname === '/api/auth/callback'
      url = new URL(location, url)
      if (ended) return
    }
    throw new Error('sign-in went round in circles')
  }

  /** A call of the console's API; anything but success throws with the server's own words. */
  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await request(new URL(path, origin), {
      method,
      // A call that changes something must come from the shop's own pages.
      headers: method === 'GET' ? {} : { origin, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`)
    return JSON.parse(text) as T
  }

  return { signIn, call }
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';')
  const [name = '', ...value] = pair.trim().split('=')
  const gone = attributes.some(attribute => /^\s*max-age=0\s*$/i.test(attribute))
  if (gone) jar.delete(name)
  else jar.set(name, value.join('='))
}
