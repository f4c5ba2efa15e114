import type { H3Event } from 'h3'
import { getRequestHeader, readRawBody, setResponseHeader } from 'h3'
import { AppError } from '#server/errors/app-error'

const BODY_MAX = 1024 * 1024

/**
 * The JSON body of a call, `{}` when there is none. Throws body_too_large beyond 1 MB, invalid_request for another
 * content type (a form of another site could send those without asking), invalid_json.
 */
export async function readJsonBody(event: H3Event): Promise<unknown> {
  const text = await readText(event)
  if (text.trim() === '') return {}
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(getRequestHeader(event, 'content-type') ?? ''))
    throw new AppError('invalid_request', { problem: 'content-type: send application/json' })
  try {
    return JSON.parse(text)
  }
  catch {
    throw new AppError('invalid_json', { problem: 'it cannot be parsed' })
  }
}

/** The body as text. Throws body_too_large beyond 1 MB. */
export async function readText(event: H3Event): Promise<string> {
  if (Number(getRequestHeader(event, 'content-length')) > BODY_MAX) throw tooLarge(event)
  const { req } = event.node
  // Some hosts hand over a body they have read already, and only h3 knows where they put it.
  if (event.web?.request || 'body' in req || req.readableEnded) return bounded(event, await readRawBody(event, 'utf8') ?? '')

  const parts: Buffer[] = []
  let size = 0
  // The request is not destroyed when reading stops early: its connection still has to carry the refusal.
  for await (const part of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += part.length
    if (size > BODY_MAX) throw tooLarge(event)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function bounded(event: H3Event, text: string): string {
  if (Buffer.byteLength(text) > BODY_MAX) throw tooLarge(event)
  return text
}

/** The rest of the body is not read, so the connection cannot be used for another call. */
function tooLarge(event: H3Event): AppError {
  setResponseHeader(event, 'connection', 'close')
  return new AppError('body_too_large', { limit: BODY_MAX })
}
