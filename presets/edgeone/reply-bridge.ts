/**
 * The platform wants a `Response`, handlers write to Node's response: what they write becomes the body of the one as it is
 * written, with back-pressure and with nothing kept.
 */
import type { IncomingMessage } from 'node:http'
import { ServerResponse } from 'node:http'

type Chunk = string | Uint8Array
type Done = (error?: Error | null) => void

/** Bytes the platform may lag behind before handlers are asked to wait. */
const HIGH_WATER = 64 * 1024

export interface ReplyBridge {
  res: ServerResponse
  /** Resolves with the head; the body follows. Rejects when the handler gives up before it. */
  response: Promise<Response>
}

export function createReplyBridge(req: IncomingMessage): ReplyBridge {
  const res = new ServerResponse(req)
  const response = new Promise<Response>((resolve, reject) => takeOver(req, res, resolve, reject))
  return { res, response }
}

function takeOver(req: IncomingMessage, res: ServerResponse, answer: (response: Response) => void, giveUp: (error: Error) => void): void {
  const writeHead = res.writeHead.bind(res)
  let body: ReadableStreamDefaultController<Uint8Array> | undefined
  let over = false

  function open(): ReadableStreamDefaultController<Uint8Array> {
    if (body) return body
    if (!res.headersSent) writeHead(res.statusCode)
    const stream = new ReadableStream<Uint8Array>({
      start(controller) { body = controller },
      pull() { res.emit('drain') },
      cancel() { close() },
    }, new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER }))
    const empty = req.method === 'HEAD' || res.statusCode === 204 || res.statusCode === 304
    answer(new Response(empty ? null : stream, { status: res.statusCode, headers: headersOf(res) }))
    return body!
  }

  /** The client has left, or everything is said. */
  function close(): void {
    if (over) return
    over = true
    req.socket.off('close', leave)
    res.destroyed = true
    res.emit('close')
  }

  function leave(): void {
    if (over) return
    try { body?.error(new Error('the client has left')) }
    catch { /* the platform has closed it already */ }
    close()
  }

  req.socket.once('close', leave)
  Object.assign(res, {
    writeHead(status: number, ...rest: unknown[]) {
      const headers = rest.at(-1)
      if (headers && typeof headers === 'object') {
        for (const [name, value] of Object.entries(headers)) if (value !== undefined) res.setHeader(name, value as string | string[])
      }
      writeHead(status)
      return res
    },
    flushHeaders() { open() },
    write(chunk: Chunk, encoding?: BufferEncoding | Done, done?: Done) {
      const controller = open()
      if (!over) controller.enqueue(typeof chunk === 'string' ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8') : chunk)
      const told = typeof encoding === 'function' ? encoding : done
      if (told) queueMicrotask(() => told())
      return over || (controller.desiredSize ?? 0) > 0
    },
    end(...parts: (Chunk | BufferEncoding | Done | undefined)[]) {
      const [chunk] = parts
      if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') res.write(chunk, parts[1] as BufferEncoding)
      if (res.writableEnded) return res
      const controller = open()
      res.finished = true
      if (!over) controller.close()
      res.emit('finish')
      const told = parts.find(part => typeof part === 'function')
      if (told) queueMicrotask(() => told())
      close()
      return res
    },
    destroy(error?: Error) {
      if (over) return res
      const cut = error ?? new Error('the answer was cut')
      if (body) body.error(cut)
      else giveUp(cut)
      close()
      return res
    },
  })
}

function headersOf(res: ServerResponse): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(res.getHeaders())) {
    if (value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, String(one))
  }
  return headers
}
