/** An upstream that answers with bytes it was given: the model's name says with which. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Recording {
  status: number
  /** Content type of the answer. */
  type: string
  bytes: Buffer
  /** Where the bytes fall apart into two pieces; undefined: they come in one. */
  cut: number | undefined
}

/** Recordings by the name of the upstream's model. */
export async function startReplay(recordings: ReadonlyMap<string, Recording>) {
  const server = createServer((req, res) => void answer(req, res, recordings)).listen(0, '127.0.0.1')
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

async function answer(req: IncomingMessage, res: ServerResponse, recordings: ReadonlyMap<string, Recording>): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as { model?: string }
  const name = body.model ?? /models\/([^:]+):/.exec(decodeURIComponent(req.url ?? ''))?.[1] ?? ''
  const found = recordings.get(name)
  if (!found) return void res.writeHead(404).end(`nothing recorded for ${name}`)
  const { status, type, bytes, cut } = found
  res.writeHead(status, { 'content-type': type })
  if (cut === undefined) return void res.end(bytes)
  res.write(bytes.subarray(0, cut))
  await new Promise(resolve => setTimeout(resolve, 3))
  res.end(bytes.subarray(cut))
}
