import { z } from 'zod'
import type { AppError } from '#server/errors/app-error'
import type { CallTarget, ClientRequest, UpstreamFailure, WireError } from '../dialect'
import { readContextOverflow } from '../context-overflow'
import { writeJsonLast } from '../json-array'
import { asksForArray } from './request'
import { textOf } from './wire'

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto by HTTP status. */
const statuses: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  402: 'FAILED_PRECONDITION',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  413: 'INVALID_ARGUMENT',
  422: 'FAILED_PRECONDITION',
  425: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

const TYPES = 'type.googleapis.com/google.rpc.'

function bodyOf(error: AppError, requestId: string): string {
  const reason = error.code === 'invalid_key' || error.code === 'missing_key' ? 'API_KEY_INVALID' : error.code.toUpperCase()
  return JSON.stringify({
    error: {
      code: error.status,
      message: `${ownWords(error)} (request id: ${requestId})`,
      status: statuses[error.status] ?? (error.status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT'),
      details: [
        { '@type': `${TYPES}ErrorInfo`, reason, 'domain': 'vapor' },
        { '@type': `${TYPES}RequestInfo`, requestId },
        ...(error.retryAfterSeconds === undefined ? [] : [{ '@type': `${TYPES}RetryInfo`, 'retryDelay': `${error.retryAfterSeconds}s` }]),
      ],
    },
  })
}

/** Tools that compact their history look for Google's own sentence. */
function ownWords(error: AppError): string {
  const found = error.code === 'upstream_rejected' ? readContextOverflow(error.message) : undefined
  if (!found || /input token count/i.test(error.message)) return error.message
  const counted = (count: number | undefined): string => count === undefined ? '' : ` (${count})`
  return `The input token count${counted(found.tokens)} exceeds the maximum number of tokens allowed${counted(found.maximum)}.`
}

/**
 * https://ai.google.dev/gemini-api/docs/troubleshooting; a client of an array gets `[{"error":…}]`, as Google answers it.
 * `x-should-retry` is for the SDKs of others that are pointed here.
 */
export function writeError(error: AppError, requestId: string, target?: CallTarget): WireError {
  const body = bodyOf(error, requestId)
  return {
    status: error.status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-should-retry': String(error.retryable),
      ...(error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) }),
    },
    body: Buffer.from(target && asksForArray(target) ? `[${body}]` : body),
  }
}

/** Behind it nothing may come: to a client of an array it ends the array. */
export function writeErrorFrame(error: AppError, requestId: string, request: ClientRequest): Uint8Array {
  const body = bodyOf(error, requestId)
  return request.jsonArray ? writeJsonLast(request, body) : Buffer.from(`data: ${body}\r\n\r\n`)
}

const detail = z.looseObject({ '@type': z.string().nullish(), 'reason': z.string().nullish(), 'retryDelay': z.string().nullish() })
const wire = z.looseObject({
  error: z.union([z.string(), z.looseObject({
    message: z.string().nullish(),
    status: z.string().nullish(),
    details: z.array(detail).nullish().catch(undefined),
  })]).nullish(),
  message: z.string().nullish(),
})

interface Said { message: string | undefined, status: string | undefined, reasons: string[], retryDelay: string | undefined }

/** The port's answer, and when Google wants to be asked again: it says so in the body, not in a header. */
export interface GeminiFailure extends UpstreamFailure { retryAfterSeconds: number | undefined }

/** An upstream's error body, bare or in an array; also one that is no JSON. Never throws. */
export function readUpstreamFailure(status: number, body: Uint8Array): GeminiFailure {
  const said = readSaid(body)
  return { blame: blameOf(status, said), message: said.message, retryAfterSeconds: retryAfterOf(said) }
}

/** Google answers 400 for a bad key, and for an account that may not call at all. */
const badKey = /api[ _]key (?:not valid|expired|not found)|API_KEY_|reported as leaked|billing/i

function blameOf(status: number, { message = '', status: code, reasons }: Said): UpstreamFailure['blame'] {
  if (status === 401 || status === 402 || status === 403) return 'credential'
  if (status === 400 && (reasons.some(reason => reason.startsWith('API_KEY_')) || badKey.test(message))) return 'credential'
  if (status === 429) return 'busy'
  if (readContextOverflow(message)) return 'client'
  if (code === 'FAILED_PRECONDITION') return 'upstream'
  // 404 is the channel's missing model, 408 its time: another channel may do better.
  if (status >= 400 && status < 499 && status !== 404 && status !== 408) return 'client'
  return 'upstream'
}

function retryAfterOf({ retryDelay, message }: Said): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(retryDelay ?? '')?.[1] ?? /retry in (\d+(?:\.\d+)?)s/i.exec(message ?? '')?.[1]
  return seconds === undefined ? undefined : Math.min(Math.ceil(Number(seconds)), 86_400)
}

function readSaid(body: Uint8Array): Said {
  const nothing: Said = { message: undefined, status: undefined, reasons: [], retryDelay: undefined }
  try {
    const value = JSON.parse(textOf(body)) as unknown
    const parsed = wire.safeParse(Array.isArray(value) ? value[0] : value)
    if (!parsed.success) return nothing
    const { error, message } = parsed.data
    if (typeof error === 'string') return { ...nothing, message: error }
    return {
      message: error?.message ?? message ?? undefined,
      status: error?.status ?? undefined,
      reasons: (error?.details ?? []).flatMap(({ reason }) => reason ?? []),
      retryDelay: (error?.details ?? []).find(({ retryDelay }) => retryDelay)?.retryDelay ?? undefined,
    }
  }
  catch { return nothing }
}
