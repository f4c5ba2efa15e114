/** A small balancer in front of several servers, with the manners of a good one: it asks who is ready and keeps connections. */
import { once } from 'node:events'
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

const READY_MS = 10_000
const ASK_EVERY_MS = 100
const ASK_PATIENCE_MS = 2_000

export interface Balancer {
  /** Origin without a trailing slash. */
  url: string
  /** Resolves when all servers have said they are ready. */
  allReady(): Promise<void>
  close(): Promise<void>
}

/** The header every answer carries: which server it came from, or was sent to when none came. */
export const SERVED_BY = 'x-served-by'

/**
 * Round robin over those of `targets` that are ready. A connection that is refused has sent nothing, so another server is
 * tried; whatever else goes wrong is answered with 502.
 */
export async function startBalancer(port: number, targets: string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 500, timeout: 60_000 })
  const ready = new Set<string>()
  let turn = 0

  async function ask(target: string): Promise<void> {
    const status = await fetch(`${target}/readyz`, { signal: AbortSignal.timeout(ASK_PATIENCE_MS) }).then(response => response.status, () => 0)
    if (status === 200) ready.add(target)
    else ready.delete(target)
  }
  const asking = setInterval(() => targets.forEach(target => void ask(target)), ASK_EVERY_MS)

  function forward(req: IncomingMessage, res: ServerResponse, body: Buffer, refused: Set<string>): void {
    const fit = targets.filter(target => ready.has(target) && !refused.has(target))
    const target = fit[turn++ % fit.length]
    if (target === undefined) return void res.writeHead(503).end('nobody is ready')
    const sent = httpRequest(target + req.url, { method: req.method, headers: { ...req.headers, connection: 'keep-alive' }, agent }, (answer) => {
      const { connection: _, 'keep-alive': __, ...headers } = answer.headers
      res.writeHead(answer.statusCode!, { ...headers, [SERVED_BY]: target })
      answer.pipe(res)
      answer.on('error', () => res.destroy())
    })
    res.on('close', () => sent.destroy())
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') {
        ready.delete(target)
        return forward(req, res, body, new Set([...refused, target]))
      }
      if (res.headersSent) res.destroy()
      else res.writeHead(502, { [SERVED_BY]: target }).end(`the balancer got ${error.code}`)
    })
    sent.end(body)
  }

  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => forward(req, res, Buffer.concat(chunks), new Set()))
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${port}`,
    async allReady() {
      const deadline = Date.now() + READY_MS
      while (ready.size < targets.length) {
        if (Date.now() > deadline) throw new Error(`only ${ready.size} of ${targets.length} servers are ready`)
        await wait(ASK_EVERY_MS)
      }
    },
    async close() {
      clearInterval(asking)
      server.closeAllConnections()
      server.close()
      agent.destroy()
      await once(server, 'close')
    },
  }
}
