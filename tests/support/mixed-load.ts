/** What a shop hears all day, all at once: whole answers, streams, keys that come and go, pages that ask. */
import { setTimeout as wait } from 'node:timers/promises'
import { SERVED_BY } from './balancer'

export interface LoadOptions {
  url: string
  /** The session of a user, and a key of his. */
  cookies: string
  key: string
  workers: number
}

export interface Outcome {
  what: string
  /** Undefined when all was well. */
  problem: string | undefined
  servedBy: string
  request: string
  startedAt: number
  endedAt: number
}

export interface Load {
  outcomes: Outcome[]
  stop(): Promise<void>
}

const PAUSE_MS = 20

/** Runs until it is stopped; every call's outcome is kept. */
export function startLoad({ url, cookies, key, workers }: LoadOptions): Load {
  const outcomes: Outcome[] = []
  let stopped = false

  async function call(what: string, path: string, init: RequestInit, judge: (response: Response, text: string) => string | undefined): Promise<string> {
    const startedAt = Date.now()
    let response: Response | undefined
    let text = ''
    let problem: string | undefined
    try {
      response = await fetch(url + path, init)
      text = await response.text()
      problem = response.ok ? judge(response, text) : `${response.status} ${text.slice(0, 200)}`
    }
    catch (error) { problem = error instanceof Error ? `${error.message} ${String(error.cause ?? '')}` : String(error) }
    outcomes.push({ what, problem, servedBy: response?.headers.get(SERVED_BY) ?? '', request: response?.headers.get('x-request-id') ?? '', startedAt, endedAt: Date.now() })
    return problem === undefined ? text : ''
  }

  const chat = (model: string, stream: boolean) => call(stream ? 'stream' : 'whole', '/v1/chat/completions', {
    method: 'POST',
    headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'go' }] }),
  }, (response, text) => {
    if (stream) return text.endsWith('data: [DONE]\n\n') && !text.includes('"error"') ? undefined : `the stream ended with ${text.slice(-200)}`
    return Number(response.headers.get('x-vapor-cost')) > 0 ? undefined : 'no cost'
  })

  const api = (method: string, path: string, body?: object) => call(`${method} ${path.replace(/key_\w+/, '…')}`, path, {
    method,
    headers: { cookie: cookies, origin: url, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  }, () => undefined)

  async function keyThatComesAndGoes(): Promise<void> {
    const text = await api('POST', '/api/user/keys', { name: 'short-lived' })
    if (text) await api('DELETE', `/api/user/keys/${(JSON.parse(text) as { id: string }).id}`)
  }

  const work: (() => Promise<unknown>)[] = [
    () => chat('sandbox-text', false),
    () => chat('sandbox-paced-20-20', true),
    () => chat('sandbox-text', true),
    keyThatComesAndGoes,
    () => chat('sandbox-long-200', false),
    () => api('GET', '/api/auth/me'),
    () => chat('sandbox-paced-20-20', true),
    () => api('GET', '/api/user/usage'),
  ]

  async function run(worker: number): Promise<void> {
    for (let turn = worker; !stopped; turn++) {
      await work[turn % work.length]!()
      await wait(PAUSE_MS)
    }
  }
  const running = Array.from({ length: workers }, (_, worker) => run(worker))

  return {
    outcomes,
    async stop() {
      stopped = true
      await Promise.all(running)
    },
  }
}
