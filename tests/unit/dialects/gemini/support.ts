import { readFileSync } from 'node:fs'
import { gemini } from '#server/dialects/gemini'
import type { CallTarget, ClientRequest } from '#server/dialects/dialect'
import type { AnswerContext, NeutralEvent, NeutralRequest } from '#server/dialects/neutral'
import { createSseDecoder } from '#server/dialects/sse'
import type { SseFrame } from '#server/dialects/sse'

export const fixture = (name: string): Buffer => readFileSync(new URL(`../../../fixtures/gemini/${name}`, import.meta.url))

export const body = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
export const hello = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] }

export function target(verb = 'generateContent', query = '', path = '/v1beta/models/gemini-2.5-pro'): CallTarget {
  return { path: `${path}:${verb}`, query: new URLSearchParams(query), headers: {} }
}

export const events: ClientRequest = gemini.readRequest(body(hello), target('streamGenerateContent', 'alt=sse'))
export const array = (): ClientRequest => gemini.readRequest(body(hello), target('streamGenerateContent'))

export const neutral: NeutralRequest = {
  model: 'm', stream: false, system: [], messages: [{ role: 'user', blocks: [{ type: 'text', text: 'hi' }] }], tools: [], toolChoice: undefined, parallelTools: undefined,
  sampling: {}, format: undefined, reasoning: undefined, userId: undefined, extra: {},
}
export const context: AnswerContext = { requestId: 'req-1', model: 'public-name', created: 1, wantsUsage: true, request: neutral }

export function frames(bytes: Uint8Array, cut = 0): SseFrame[] {
  const decoder = createSseDecoder()
  return [...decoder.push(bytes.subarray(0, cut)), ...decoder.push(bytes.subarray(cut)), ...decoder.end()]
}

export function read(bytes: Uint8Array, cut = 0): NeutralEvent[] {
  const reader = gemini.createStreamReader()
  return [...frames(bytes, cut).flatMap(({ data }) => data === undefined ? [] : reader.read(data)), ...reader.end()]
}

export function codeOf(call: () => unknown): string {
  try {
    call()
    return 'accepted'
  }
  catch (error) { return (error as { code?: string }).code ?? `not an AppError: ${String(error)}` }
}
