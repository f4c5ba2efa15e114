/** Recorded traffic, kept outside the repository because it belongs to others: `VAPOR_CORPUS` names its folder. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DialectId } from '#shared/schemas/channel'

export interface Case {
  /** Such as `gemini/text-nonstream`. */
  name: string
  dialect: DialectId
  status: number
  stream: boolean
  body: Buffer
  /** The body as events, where it was a stream. */
  sse: Buffer | undefined
  request: Record<string, unknown> | undefined
  meta: Meta
}

export interface Meta {
  http_status: number
  streaming: boolean
  stream_format: 'sse' | 'json-array' | null
  request_model?: string | null
  derived?: Derived
  usage_normalised: { input_total: number, output_total: number, cache_read?: number, reasoning?: number, total_reported?: number | null } | null
}

export interface Derived {
  text?: string
  text_sha256?: string
  reasoning?: string
  reasoning_sha256?: string
  refusal?: string
  tool_calls?: { name: string, arguments: string }[] | null
  finish?: string | null
  error?: unknown
  promptFeedback?: unknown
}

const folder = process.env['VAPOR_CORPUS']
if (!folder) console.warn('VAPOR_CORPUS is not set: tests of recorded traffic are skipped. It names a folder with index.json and <dialect>/<case>/.')

export const cases: Case[] = folder ? (JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { cases: { case: string }[] }).cases.map(entry => load(folder, entry.case)) : []

/** One case that is skipped with the reason stands in for all when there is no corpus. */
export const missing = cases.length === 0

function load(root: string, name: string): Case {
  const at = (file: string): string => join(root, name, file)
  const meta = JSON.parse(readFileSync(at('meta.json'), 'utf8')) as Meta
  const body = readFileSync(at(existsSync(at('response.sse')) ? 'response.sse' : 'response.json'))
  const stream = meta.stream_format !== null
  return {
    name,
    dialect: name.split('/')[0] as DialectId,
    status: meta.http_status,
    stream,
    body,
    sse: stream ? asEvents(body, meta) : undefined,
    request: existsSync(at('request.json')) ? JSON.parse(readFileSync(at('request.json'), 'utf8')) as Record<string, unknown> : undefined,
    meta,
  }
}

/** Gemini's array form has the same elements; the gateway always asks its upstream for events. */
function asEvents(body: Buffer, meta: Meta): Buffer {
  if (meta.stream_format !== 'json-array') return body
  return Buffer.from((JSON.parse(body.toString('utf8')) as unknown[]).map(element => `data: ${JSON.stringify(element)}\r\n\r\n`).join(''))
}

export const conversations = cases.filter(one => one.meta.derived && Object.keys(one.meta.derived).length > 0 && one.status === 200)
export const failures = cases.filter(one => one.status !== 200)

/** The recorder's reading is cut when long; then its hash decides. */
export function isText(text: string, said: string | undefined, hash: string | undefined): boolean {
  return hash ? createHash('sha256').update(text).digest('hex') === hash : text === (said ?? '')
}
