import { readFileSync } from 'node:fs'
import { anthropic } from '#server/dialects/anthropic'
import type { CallTarget, ClientRequest } from '#server/dialects/dialect'
import type { AnswerContext, NeutralEvent, NeutralRequest } from '#server/dialects/neutral'
import { createSseDecoder } from '#server/dialects/sse'

export const fixture = (name: string): Buffer => readFileSync(new URL(`../../../fixtures/anthropic/${name}`, import.meta.url))
export const json = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
export const target = (headers: Record<string, string> = {}): CallTarget => ({ path: '/v1/messages', query: new URLSearchParams(), headers })
export const read = (value: unknown, headers: Record<string, string> = {}): ClientRequest => anthropic.readRequest(json(value), target(headers))
export const basic = { model: 'claude-test-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] }

/** The code of the AppError a call throws, with the field it names; `accepted` when it throws none. */
export function codeOf(call: () => unknown): string {
  try {
    call()
    return 'accepted'
  }
  catch (error) {
    const { code, params } = error as { code: string, params?: { field?: string } }
    return params?.field === undefined ? code : `${code} ${params.field}`
  }
}

export const blank: NeutralRequest = { model: 'm', stream: false, system: [], messages: [], tools: [], toolChoice: undefined, parallelTools: undefined, sampling: {}, format: undefined, reasoning: undefined, userId: undefined, extra: {} }
export const asking = (change: Partial<NeutralRequest> = {}): NeutralRequest => ({ ...blank, messages: [{ role: 'user', blocks: [{ type: 'text', text: 'hi' }] }], ...change })
export const context: AnswerContext = { requestId: 'req_abc', model: 'shop/model', created: 1_700_000_000, wantsUsage: true, request: blank }

/** All events of a stream that came in the given pieces. */
export function events(...chunks: Uint8Array[]): NeutralEvent[] {
  const decoder = createSseDecoder()
  const reader = anthropic.createStreamReader()
  const frames = [...chunks.flatMap(chunk => decoder.push(chunk)), ...decoder.end()]
  return [...frames.flatMap(({ data }) => data === undefined ? [] : reader.read(data)), ...reader.end()]
}

export function meter(bytes: Uint8Array) {
  const decoder = createSseDecoder()
  const watch = anthropic.createStreamMeter(read({ ...basic, stream: true }))
  const verdicts = [...decoder.push(bytes), ...decoder.end()].map(frame => watch.observe(frame))
  return { verdicts, metered: watch.metered(), bytes: Buffer.concat(verdicts.map(verdict => verdict.bytes)) }
}

export function written(list: NeutralEvent[]): Buffer {
  const writer = anthropic.createStreamWriter(read({ ...basic, stream: true }), context)
  return Buffer.concat([...list.map(event => writer.write(event)), writer.end()])
}

export interface Sent { type: string, index?: number, message?: Record<string, unknown>, content_block?: Record<string, unknown>, delta?: Record<string, unknown>, usage?: Record<string, unknown> }

/** The events a client reads; each must carry its type twice. */
export function sent(bytes: Uint8Array): Sent[] {
  return Buffer.from(bytes).toString('utf8').split('\n\n').filter(Boolean).map((frame) => {
    const [event = '', data = ''] = frame.split('\n')
    const parsed = JSON.parse(data.replace(/^data: /, '')) as Sent
    if (event !== `event: ${parsed.type}`) throw new Error(`${event} is not ${parsed.type}`)
    return parsed
  })
}
