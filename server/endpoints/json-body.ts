import type { z } from 'zod'
import type { ClientRequest, UpstreamAccess, UpstreamRequest } from '#server/dialects/dialect'
import { authHeader } from '#server/dialects/quirks'
import { jsonFields, patchJson } from '#server/dialects/json-fields'
import { parseShallow } from '#server/dialects/json-depth'
import { AppError } from '#server/errors/app-error'

export type Wire = Record<string, unknown>

/**
 * Users share the operator's upstream account: state stored there and fields that change its price or its model stay
 * behind. The last three are OpenRouter's.
 */
export const DROPPED: readonly string[] = ['store', 'metadata', 'service_tier', 'models', 'route', 'provider']

/** The request of a JSON endpoint. Throws AppError `invalid_json` or `invalid_request`. */
export function readBody<T extends z.ZodType>(body: Uint8Array, wire: T): { wire: z.output<T>, dropped: string[] } {
  const parsed = wire.safeParse(parseClient(body))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new AppError('invalid_request', { problem: `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not a request'}.` })
  }
  const names = jsonFields(body).map(field => field.name)
  // A parser may take the first or the last of two equal names: what is priced must be what is served.
  const twin = names.find((name, index) => names.indexOf(name) !== index)
  if (twin !== undefined) throw new AppError('invalid_request', { problem: `The field "${twin.slice(0, 60)}" stands in the body twice.` })
  return { wire: parsed.data, dropped: DROPPED.filter(name => names.includes(name)) }
}

function parseClient(body: Uint8Array): unknown {
  try {
    return parseJson(body)
  }
  catch (cause) {
    throw new AppError('invalid_json', { problem: body.byteLength === 0 ? 'it is empty' : 'it cannot be parsed' }, { cause })
  }
}

/** The same bytes, but for the model's name and what must not pass. `named`: the client said which model. */
export function writeBody(request: ClientRequest, upstream: UpstreamAccess, target: { path: string, accept?: string, named?: boolean }): UpstreamRequest {
  const named = target.named ?? true
  const set: Record<string, string> = upstream.model !== request.model || !named ? { model: JSON.stringify(upstream.model) } : {}
  const untouched = Object.keys(set).length === 0 && request.dropped.length === 0
  return {
    path: target.path,
    headers: {
      ...authHeader(upstream.credential, upstream.quirks),
      'content-type': 'application/json',
      'accept': request.stream ? 'text/event-stream' : target.accept ?? 'application/json',
    },
    body: untouched ? request.body : patchJson(request.body, { set, remove: request.dropped }),
  }
}

/** The JSON object of an upstream's answer. Throws AppError `upstream_malformed`, for an error in the clothes of a 200 too. */
export function readAnswer(body: Uint8Array): Wire {
  const answer = parseUpstream(body)
  if (!isWire(answer) || hasError(answer)) throw new AppError('upstream_malformed', {}, { cause: new Error('not an answer') })
  return answer
}

function parseUpstream(body: Uint8Array): unknown {
  try {
    return parseJson(body)
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
}

export const hasError = ({ error }: Wire): boolean => error !== undefined && error !== null && error !== false && error !== ''

/** A list that must be there. Throws AppError `upstream_malformed`. */
export function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new AppError('upstream_malformed', {}, { cause: new Error('no list of results') })
  return value
}

export function isWire(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const recordOf = (value: unknown): Wire => isWire(value) ? value : {}
export const textOf = (value: unknown): string => typeof value === 'string' ? value : ''

export function parseJson(body: Uint8Array): unknown {
  return parseShallow(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
}

/** Every text in a value that may be a text, a list, or objects with texts in them. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value ? [value] : []
  if (Array.isArray(value)) return value.flatMap(textsIn)
  return isWire(value) ? Object.values(value).flatMap(textsIn) : []
}
