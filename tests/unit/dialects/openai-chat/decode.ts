import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openaiChat } from '#server/dialects/openai-chat'
import type { AnswerContext, NeutralEvent, NeutralRequest } from '#server/dialects/neutral'
import { createSseDecoder } from '#server/dialects/sse'
import type { SseFrame } from '#server/dialects/sse'

export const target = { path: '/v1/chat/completions', query: new URLSearchParams(), headers: {} }

export function fixture(name: string): Buffer {
  return readFileSync(fileURLToPath(new URL(`../../../fixtures/openai-chat/${name}`, import.meta.url)))
}

export function bytesOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Frames of a stream cut at one byte. */
export function framesOf(bytes: Uint8Array, cut = bytes.length): SseFrame[] {
  const decoder = createSseDecoder()
  return [...decoder.push(bytes.subarray(0, cut)), ...decoder.push(bytes.subarray(cut)), ...decoder.end()]
}

/** Events of a whole stream, and the code of the error that ended it. Minted ids are numbered, so that two readings are equal. */
export function eventsOf(bytes: Uint8Array, cut?: number): { events: NeutralEvent[], error: string | undefined } {
  const reader = openaiChat.createStreamReader()
  const events: NeutralEvent[] = []
  let minted = 0
  let error: string | undefined
  try {
    for (const { data } of framesOf(bytes, cut)) if (data !== undefined) events.push(...reader.read(data))
    events.push(...reader.end())
  }
  catch (caught) { error = (caught as { code: string }).code }
  return { error, events: events.map(event => 'id' in event && /^call_\w{24}$/.test(event.id ?? '') ? { ...event, id: `minted-${minted++}` } as NeutralEvent : event) }
}

export interface Told {
  blocks: Record<string, unknown>[]
  usage: unknown
  finish: string | undefined
}

/** What the events say, block by block. */
export function tell(events: NeutralEvent[]): Told {
  const blocks = new Map<number, Record<string, unknown>>()
  const told: Told = { blocks: [], usage: undefined, finish: undefined }
  for (const event of events) {
    if (event.type === 'block-start') blocks.set(event.index, { kind: event.kind, ...(event.kind === 'tool-call' ? { id: event.id, name: event.name } : {}), text: '' })
    if (event.type === 'media') blocks.set(event.index, { kind: 'media', mime: event.mime, data: event.data })
    if (event.type === 'usage') told.usage = event.usage
    if (event.type === 'finish') told.finish = event.finish
    if (!('index' in event)) continue
    const block = blocks.get(event.index)
    if (!block || block.ended) throw new Error(`${event.type} for a block that is not open`)
    if (event.type === 'block-delta') block.text = `${String(block.text)}${event.text}`
    if (event.type === 'block-signature') block.signature = event.signature
    if (event.type === 'block-citation') block.citations = [...(block.citations as unknown[] ?? []), event.citation]
    if (event.type === 'block-end') block.ended = true
  }
  told.blocks = [...blocks.values()].map(({ ended, ...block }) => ended || block.kind === 'media' ? block : { ...block, open: true })
  return told
}

export function neutral(wire: Record<string, unknown>): NeutralRequest {
  return openaiChat.readNeutralRequest(openaiChat.readRequest(bytesOf({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...wire }), target))
}

export function contextOf(wire: Record<string, unknown> = {}): AnswerContext {
  return { requestId: 'r1', model: 'public-1', created: 1_770_000_000, wantsUsage: true, request: neutral(wire) }
}

/** What writing throws, as its code and field. */
export function refusalOf(work: () => unknown): string {
  try {
    work()
    return 'accepted'
  }
  catch (error) {
    const { code, params } = error as { code: string, params: Record<string, unknown> }
    return params.field === undefined ? code : `${code} ${String(params.field)}`
  }
}
