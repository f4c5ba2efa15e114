import { readFileSync } from 'node:fs'
import type { CallTarget, ClientRequest } from '#server/dialects/dialect'
import type { AnswerContext, NeutralEvent, NeutralRequest } from '#server/dialects/neutral'
import { openaiResponses } from '#server/dialects/openai-responses'
import { createSseDecoder } from '#server/dialects/sse'
import type { SseFrame } from '#server/dialects/sse'

export type Fields = Record<string, unknown>

export const fixture = (name: string): Buffer => readFileSync(new URL(`../../../fixtures/openai-responses/${name}`, import.meta.url))
export const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
export const json = (value: Uint8Array): Fields => JSON.parse(Buffer.from(value).toString('utf8')) as Fields

const target: CallTarget = { path: '/v1/responses', query: new URLSearchParams(), headers: {} }
export const request = (value: unknown = { model: 'm', input: 'hi', stream: true }): ClientRequest => openaiResponses.readRequest(Buffer.isBuffer(value) ? value : bytes(value), target)

export function codeOf(run: () => unknown): string {
  try {
    run()
    return 'accepted'
  }
  catch (error) { return `${(error as { code: string }).code} ${(error as { params?: Fields }).params?.field as string ?? ''}`.trim() }
}

export function framesOf(body: Uint8Array): SseFrame[] {
  const decoder = createSseDecoder()
  return [...decoder.push(body), ...decoder.end()]
}

export const eventsOf = (body: Uint8Array): Fields[] => framesOf(body).flatMap(frame => frame.data === undefined || frame.data === '[DONE]' ? [] : [JSON.parse(frame.data) as Fields])

export function readStream(frames: SseFrame[]): NeutralEvent[] {
  const reader = openaiResponses.createStreamReader()
  const events = frames.flatMap(frame => frame.data === undefined ? [] : reader.read(frame.data))
  return [...events, ...reader.end()]
}

export const neutral = (over: Partial<NeutralRequest> = {}): NeutralRequest => ({
  model: 'm',
  stream: false,
  system: [],
  messages: [{ role: 'user', blocks: [{ type: 'text', text: 'hi' }] }],
  tools: [],
  toolChoice: undefined,
  parallelTools: undefined,
  sampling: {},
  format: undefined,
  reasoning: undefined,
  userId: undefined,
  extra: {},
  ...over,
})

export const context = (over: Partial<NeutralRequest> = {}): AnswerContext => ({ requestId: 'req_01abc', model: 'm', created: 1_700_000_000, wantsUsage: true, request: neutral(over) })

export function writeStream(events: NeutralEvent[], over: Partial<NeutralRequest> = {}): Buffer {
  const writer = openaiResponses.createStreamWriter(request(), context(over))
  const written = events.map(event => writer.write(event))
  return Buffer.concat([...written, writer.end()])
}
