import { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { H3Event } from 'h3'
import { appendResponseHeader, getRequestHeader, getResponseHeader, setResponseHeader } from 'h3'

/** What fits into one packet arrives no sooner when it is smaller. */
const CHARACTERS_MIN = 1400
/** A page at 5 is hardly larger than at 9, in a third of the time. */
const LEVEL = 5

const TEXT = /^(?:text\/|application\/(?:json|xml)\b)/
const pack = promisify(gzip)

/**
 * Packs pages and the data of the consoles, so that a shop is quick without a proxy that does it. The work is done beside
 * the event loop. The public protocol is never touched: its bytes and its streams leave as they are.
 */
export async function compressAnswer(event: H3Event, response: { body?: unknown }): Promise<void> {
  // A page that asks the server it is rendered on, as the page of an error does, reads the answer itself.
  if (!(event.node.res instanceof ServerResponse)) return
  if (event.path.startsWith('/v1') || getResponseHeader(event, 'content-encoding')) return
  const text = textOf(event, response.body)
  if (text === undefined || text.length < CHARACTERS_MIN) return
  appendResponseHeader(event, 'vary', 'Accept-Encoding')
  if (!takesGzip(getRequestHeader(event, 'accept-encoding'))) return
  response.body = await pack(text, { level: LEVEL })
  setResponseHeader(event, 'content-encoding', 'gzip')
}

/** The text h3 would send, its type set as h3 would; undefined for streams, bytes and redirects. */
function textOf(event: H3Event, body: unknown): string | undefined {
  const type = getResponseHeader(event, 'content-type')
  if (typeof body === 'string') {
    if (!type) setResponseHeader(event, 'content-type', 'text/html')
    return type && !TEXT.test(String(type)) ? undefined : body
  }
  if (type || !isData(body)) return undefined
  setResponseHeader(event, 'content-type', 'application/json')
  return JSON.stringify(body)
}

function isData(body: unknown): boolean {
  return Array.isArray(body) || (typeof body === 'object' && body !== null && Object.getPrototypeOf(body) === Object.prototype)
}

/** `gzip;q=0` is a no. */
function takesGzip(header: string | undefined): boolean {
  return (header ?? '').split(',').some(part => /^\s*gzip\s*(?:;(?!\s*q=0(?:\.0*)?\s*$)|$)/i.test(part))
}
