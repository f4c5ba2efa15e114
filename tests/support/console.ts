/** A signed-in script: what the pages do, without a browser. */
export interface Console {
  get<T>(path: string): Promise<T>
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, idempotencyKey?: string): Promise<T>
  cookies(): string
}

export class ApiError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(`${status} ${code}: ${message}`)
    this.status = status
    this.code = code
  }
}

/** Signs in through the fake Connect by redirects alone, as `curl -L` with a cookie jar does; `cookies` are in it already. */
export async function signIn(url: string, uid: string, cookies?: Record<string, string>): Promise<Console> {
  const jar = new Map(Object.entries(cookies ?? {}))
  const header = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  let next: string | null = `${url}/api/auth/login?login_hint=${uid}`
  for (let hops = 0; next && hops < 10; hops++) {
    const here: string = next
    const response: Response = await fetch(here, { redirect: 'manual', headers: here.startsWith(url) ? { cookie: header() } : {} })
    if (here.startsWith(url)) keep(jar, response)
    const location = response.headers.get('location')
    await response.body?.cancel()
    next = location && new URL(location, here).href
    // The page behind the sign-in need not be rendered.
    if (next && here.includes('/api/auth/callback')) break
  }

  async function call<T>(method: string, path: string, body?: unknown, idempotencyKey?: string): Promise<T> {
    const response = await fetch(url + path, {
      method,
      headers: {
        cookie: header(),
        origin: url,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    keep(jar, response)
    const text = await response.text()
    const value = text ? JSON.parse(text) as T & { error?: { code: string, message: string } } : undefined
    if (!response.ok) throw new ApiError(response.status, value?.error?.code ?? '', value?.error?.message ?? text.slice(0, 200))
    return value as T
  }

  return { get: path => call('GET', path), send: call, cookies: header }
}

function keep(jar: Map<string, string>, response: Response): void {
  for (const line of response.headers.getSetCookie()) {
    const [pair = ''] = line.split(';')
    const equals = pair.indexOf('=')
    const value = pair.slice(equals + 1)
    if (value) jar.set(pair.slice(0, equals), value)
    else jar.delete(pair.slice(0, equals))
  }
}

/** A shop ready to sell: the sandbox as channel, models at 1 and 2 credits per million tokens, a user with a key. */
export async function stockShop(url: string, upstream: { baseUrl: string, apiKey: string }, models: string[]) {
  const admin = await signIn(url, '1')
  await admin.send('POST', '/api/admin/channels', { id: 'sandbox', name: 'Sandbox', dialect: 'openai-chat', baseUrl: upstream.baseUrl, credentials: [upstream.apiKey] })
  for (const name of models) await admin.send('POST', '/api/admin/models', { name, prices: { input: '1', output: '2' }, routes: [{ channel: 'sandbox' }] })
  const user = await signIn(url, '2')
  const { secret } = await user.send<{ secret: string }>('POST', '/api/user/keys', { name: 'test' })
  return { admin, user, key: secret }
}
