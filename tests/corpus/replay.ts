/** An upstream that answers with what was recorded: the model's name is `<case>` with dots for slashes. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Case } from './cases'

export const modelOf = (one: Case): string => one.name.replace('/', '.')

export async function startReplay(cases: Case[]) {
  const byModel = new Map(cases.map(one => [modelOf(one), one]))
  const server = createServer((req, res) => void answer(req, res, byModel)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function answer(req: IncomingMessage, res: ServerResponse, byModel: Map<string, Case>): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as { model?: string }
  const name = body.model ?? /models\/([^:]+):/.exec(decodeURIComponent(req.url ?? ''))?.[1] ?? ''
  const one = byModel.get(name)
  if (!one) return void res.writeHead(404).end(`no case ${name}`)
  if (!one.sse) return void res.writeHead(one.status, { 'content-type': 'application/json' }).end(one.body)
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  // One cut, in another place for every case: a character may fall apart there.
  const cut = (one.name.length * 7919) % one.sse.length
  res.write(one.sse.subarray(0, cut))
  await new Promise(resolve => setTimeout(resolve, 3))
  res.end(one.sse.subarray(cut))
}
