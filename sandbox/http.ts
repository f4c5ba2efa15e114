import type { IncomingMessage, ServerResponse } from 'node:http'

/** One request on its way through the sandbox. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** The whole address, on the sandbox's own origin whatever the Host header said. */
  url: URL
  /** Aborts as soon as the connection is gone, so that whoever waits can let go of its timers. */
  gone: AbortSignal
}

/** Reads a request body as the bytes that came; throws BodyTooLarge beyond `limit` bytes. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  // Leaving the loop early must not destroy the connection, or the refusal could not be sent.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length
    if (size > limit) throw new BodyTooLarge(limit)
    parts.push(part)
  }
  return Buffer.concat(parts, size)
}

export class BodyTooLarge extends Error {
  constructor(limit: number) {
    super(`The body is larger than the ${limit} bytes the sandbox reads; send less.`)
    this.name = 'BodyTooLarge'
  }
}

/** Answers with a body of known length. Strings are UTF-8. */
export function send(response: ServerResponse, status: number, type: string, body: string, headers: Record<string, string> = {}): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, ...headers })
  response.end(bytes)
}

export function sendJson(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(value), headers)
}

/** Pages carry no script and load nothing from elsewhere; the policy makes sure a hostile user name cannot either. */
export function sendHtml(response: ServerResponse, status: number, html: string): void {
  send(response, status, 'text/html; charset=utf-8', html, {
    'cache-control': 'no-store',
    'content-security-policy': 'default-src \'none\'; style-src \'unsafe-inline\'; img-src \'self\' data:; frame-ancestors \'none\'',
  })
}

export function sendRedirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { 'location': location, 'content-length': 0, 'cache-control': 'no-store' })
  response.end()
}

export function sendNotFound(response: ServerResponse, what: string): void {
  sendJson(response, 404, { error: 'not_found', error_description: `The sandbox has nothing at ${what}; its front page lists what there is.` })
}

export function sendWrongMethod(response: ServerResponse, allowed: string): void {
  sendJson(response, 405, { error: 'method_not_allowed', error_description: `This address answers ${allowed} only.` }, { allow: allowed })
}
