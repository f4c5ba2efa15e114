/** Reading what stands behind a wall that may answer HTML, late, or not at all. */

/** One bounded call, without redirects. Rejects when no whole answer came in time. */
export type FetchText = (call: TextCall) => Promise<{ status: number, headers: Record<string, string | undefined>, text: string }>

export interface TextCall {
  method: 'GET' | 'POST'
  url: string
  headers: Record<string, string>
  body?: string
  timeoutMs: number
}

export type GatewayAnswer = { ok: true, status: number, body: Record<string, unknown> } | { ok: false, why: string }

/** A name people know: some walls turn away calls without one. */
const USER_AGENT = 'Mozilla/5.0 (compatible; Vapor)'

/** The JSON object of an answer. Neither address nor text become part of `why`: both may carry the key. */
export async function readAnswer(fetchText: FetchText, call: TextCall): Promise<GatewayAnswer> {
  let reply: Awaited<ReturnType<FetchText>>
  try {
    reply = await fetchText({ ...call, headers: { 'accept': 'application/json', 'user-agent': USER_AGENT, ...call.headers } })
  }
  catch {
    return { ok: false, why: 'no_answer' }
  }
  const body = readObject(reply.text)
  if (!body) return { ok: false, why: reply.text.trimStart().startsWith('<') ? `html_${reply.status}` : `no_json_${reply.status}` }
  const { data } = body
  // Forks nest the order.
  return { ok: true, status: reply.status, body: isObject(data) ? { ...data, ...body } : body }
}

/** Text or a safe number as text; a number that has lost digits is nothing. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' && (Number.isSafeInteger(value) || !Number.isInteger(value)) ? String(value) : undefined
}

/** Gateways write small numbers either way. */
export function numberOf(value: unknown): number | undefined {
  const text = textOf(value)?.trim()
  return text !== undefined && /^-?\d{1,6}$/.test(text) ? Number(text) : undefined
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  }
  catch { return undefined }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
