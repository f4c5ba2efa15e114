import { AppError } from '#server/errors/app-error'

const TIMEOUT_MS = 15_000
const BODY_MAX = 256 * 1024

/** What an endpoint of Connect answered, and its body when that was a JSON object. */
export interface ConnectReply {
  status: number
  body: Record<string, unknown> | undefined
}

/**
 * Calls Connect and reads its answer with suspicion: it sits behind a wall that answers HTML, so a body is JSON only
 * once it has parsed. Throws AppError('sign_in_unavailable') when no answer came within 15 s. Neither bodies nor
 * addresses become part of an error, because both carry secrets.
 */
export async function callConnect(url: string, init: { method: 'GET' | 'POST', headers: Record<string, string>, body?: string }): Promise<ConnectReply> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) })
    return { status: response.status, body: readObject(await readText(response)) }
  }
  catch (cause) {
    throw new AppError('sign_in_unavailable', {}, { cause })
  }
}

/** The answer was none of those a healthy Connect gives. */
export function unexpected(reply: ConnectReply, endpoint: string): AppError {
  const kind = reply.body ? 'JSON' : 'no JSON object'
  return new AppError('sign_in_unavailable', {}, { cause: new Error(`the ${endpoint} endpoint answered ${reply.status} with ${kind}`) })
}

async function readText(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > BODY_MAX) throw new Error(`the answer is larger than ${BODY_MAX} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  }
  catch { return undefined }
}
