import { AppError } from '#server/errors/app-error'
import { createLogprobQueue, readLogprobs } from '../logprobs'
import type { NeutralEvent, StreamReader } from '../neutral'
import type { Kinds } from './read-reply'
import { readCitation, readFinish, readImage, readSignature } from './read-reply'
import { readUsage } from './usage'
import type { Fields } from './wire'
import { entryOf, fieldsOf, isFields, mintCallId, parseEvent, reasoningText, textOf, wrapCustomInput } from './wire'

interface OpenBlock {
  index: number
  kind: 'text' | 'reasoning' | 'refusal' | 'tool-call'
  /** Letters said so far; a done event repeats them. */
  length: number
  /** Arguments of a custom tool's call are text that becomes JSON only when it is whole. */
  custom: string | undefined
  /** Where the reasoning comes from, when an item tells both its summary and the raw text. */
  source: string | undefined
}

interface ReadState {
  started: boolean
  next: number
  /** Open blocks by item and part. Items are told apart by `output_index`: some upstreams change ids with every event. */
  open: Map<string, OpenBlock>
  /** Blocks that have said something, by the same keys: what their item repeats is not said again. */
  spoken: Set<string>
  /** Items that were announced and are not done. */
  items: Set<string>
  itemsDone: number
  produced: Kinds
  logprobs: ReturnType<typeof createLogprobQueue>
  finished: boolean
}

type EventReader = (state: ReadState, event: Fields) => NeutralEvent[]

/**
 * The stream of an upstream for a client of another dialect:
 * https://platform.openai.com/docs/api-reference/responses-streaming
 * `read` throws AppError `upstream_cut` for an error in the stream, `upstream_malformed` for nonsense; `end` throws
 * `upstream_cut` when the body ended in the middle, because this API always says how an answer ended.
 */
export function createStreamReader(): StreamReader {
  const state: ReadState = { started: false, next: 0, open: new Map(), spoken: new Set(), items: new Set(), itemsDone: 0, produced: { call: false, refusal: false }, logprobs: createLogprobQueue(), finished: false }

  function read(data: string): NeutralEvent[] {
    if (data === '[DONE]' || state.finished) return []
    const event = parseEvent(data)
    if (!event) throw new AppError('upstream_malformed')
    const type = textOf(event.type) ?? ''
    if (type === 'error' || (type === '' && event.error != null)) throw new AppError('upstream_cut', {}, { cause: event })
    return entryOf(readers, type)?.(state, event) ?? []
  }

  function end(): NeutralEvent[] {
    if (state.finished) return []
    if (state.itemsDone === 0 || state.items.size > 0) throw new AppError('upstream_cut')
    return finish(state, {})
  }

  return { read, end }
}

const readers: Record<string, EventReader> = {
  'response.created': (state, event) => start(state, event.response),
  'response.output_item.added': openItem,
  'response.output_item.done': closeItem,
  'response.output_text.delta': (state, event) => say(state, event, 'text', textOf(event.delta)),
  'response.output_text.done': (state, event) => sayRest(state, event, 'text', textOf(event.text)),
  'response.output_text.annotation.added': (state, event) => {
    const citation = readCitation(event.annotation)
    if (!citation) return []
    const { block, events } = blockOf(state, event, 'text')
    return [...events, { type: 'block-citation', index: block.index, citation }]
  },
  'response.refusal.delta': (state, event) => say(state, event, 'refusal', textOf(event.delta)),
  'response.refusal.done': (state, event) => sayRest(state, event, 'refusal', textOf(event.refusal)),
  'response.reasoning_summary_part.added': (state, event) => {
    const block = state.open.get(keyOf(event, 'reasoning'))
    return block && block.length > 0 ? say(state, event, 'reasoning', '\n\n') : []
  },
  'response.reasoning_summary_text.delta': (state, event) => think(state, event, 'summary'),
  'response.reasoning_text.delta': (state, event) => think(state, event, 'raw'),
  'response.function_call_arguments.delta': (state, event) => sayArgs(state, event, textOf(event.delta)),
  'response.function_call_arguments.done': (state, event) => sayArgs(state, event, textOf(event.arguments), true),
  'response.custom_tool_call_input.delta': (state, event) => {
    const block = state.open.get(keyOf(event, 'tool-call'))
    if (block?.custom !== undefined) block.custom += textOf(event.delta) ?? ''
    return []
  },
  'response.custom_tool_call_input.done': (state, event) => {
    const block = state.open.get(keyOf(event, 'tool-call'))
    if (block?.custom !== undefined) block.custom = textOf(event.input) ?? block.custom
    return []
  },
  'response.completed': end,
  'response.incomplete': end,
  'response.failed': cut,
  'response.cancelled': cut,
}

function start(state: ReadState, response: unknown): NeutralEvent[] {
  if (state.started) return []
  state.started = true
  const fields = isFields(response) ? response : {}
  return [{ type: 'start', id: textOf(fields.id), model: textOf(fields.model) }]
}

/** Parts of a message are blocks of their own; calls and reasoning have one block an item. */
function keyOf(event: Fields, kind: OpenBlock['kind']): string {
  const part = kind === 'text' || kind === 'refusal' ? numberOf(event.content_index) : 0
  return `${itemKey(event)}/${kind}/${part}`
}

function itemKey(event: Fields): string {
  return String(numberOf(event.output_index))
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

/** The block an event belongs to, opened when it is its first. */
function blockOf(state: ReadState, event: Fields, kind: 'text' | 'reasoning' | 'refusal'): { block: OpenBlock, events: NeutralEvent[] } {
  const key = keyOf(event, kind)
  const known = state.open.get(key)
  if (known) return { block: known, events: [] }
  const block: OpenBlock = { index: state.next++, kind, length: 0, custom: undefined, source: undefined }
  state.open.set(key, block)
  if (kind === 'refusal') state.produced.refusal = true
  return { block, events: [...start(state, undefined), { type: 'block-start', index: block.index, kind }] }
}

function say(state: ReadState, event: Fields, kind: 'text' | 'reasoning' | 'refusal', text: string | undefined): NeutralEvent[] {
  if (kind === 'text') state.logprobs.add(readLogprobs(event.logprobs))
  if (!text) return []
  const { block, events } = blockOf(state, event, kind)
  block.length += text.length
  state.spoken.add(keyOf(event, kind))
  return [...events, { type: 'block-delta', index: block.index, text, ...(kind === 'text' ? state.logprobs.take() : {}) }]
}

/** The end of a part: its whole text when none of it came before. */
function sayRest(state: ReadState, event: Fields, kind: 'text' | 'refusal', text: string | undefined): NeutralEvent[] {
  const key = keyOf(event, kind)
  const said = state.spoken.has(key) ? [] : say(state, event, kind, text)
  return [...said, ...close(state, key)]
}

function think(state: ReadState, event: Fields, source: string): NeutralEvent[] {
  const text = textOf(event.delta)
  if (!text) return []
  const { block, events } = blockOf(state, event, 'reasoning')
  block.source ??= source
  if (block.source !== source) return events
  block.length += text.length
  state.spoken.add(keyOf(event, 'reasoning'))
  return [...events, { type: 'block-delta', index: block.index, text }]
}

function sayArgs(state: ReadState, event: Fields, text: string | undefined, whole = false): NeutralEvent[] {
  const block = state.open.get(keyOf(event, 'tool-call'))
  if (!block || !text || (whole && block.length > 0)) return []
  block.length += text.length
  return [{ type: 'block-delta', index: block.index, text }]
}

function openItem(state: ReadState, event: Fields): NeutralEvent[] {
  const item = isFields(event.item) ? event.item : {}
  state.items.add(itemKey(event))
  // Some upstreams end their reasoning only behind the answer; whatever follows must not wait for that.
  const thought = [...state.open].filter(([, block]) => block.kind === 'reasoning').flatMap(([key]) => close(state, key))
  // A call without its name waits until it is done.
  if ((item.type !== 'function_call' && item.type !== 'custom_tool_call') || !textOf(item.name)) return [...start(state, undefined), ...thought]
  return [...start(state, undefined), ...thought, ...openCall(state, event, item)]
}

function openCall(state: ReadState, event: Fields, item: Fields): NeutralEvent[] {
  const name = textOf(item.name)
  if (!name) throw new AppError('upstream_malformed')
  const block: OpenBlock = { index: state.next++, kind: 'tool-call', length: 0, custom: item.type === 'custom_tool_call' ? '' : undefined, source: undefined }
  // Announced twice: the first one ends where the second begins.
  const before = close(state, keyOf(event, 'tool-call'))
  state.open.set(keyOf(event, 'tool-call'), block)
  state.produced.call = true
  return [...before, { type: 'block-start', index: block.index, kind: 'tool-call', id: textOf(item.call_id) || mintCallId(), name }]
}

/** An item is done: what was never streamed of it is said now, then its blocks end. */
function closeItem(state: ReadState, event: Fields): NeutralEvent[] {
  const item = isFields(event.item) ? event.item : {}
  const events = entryOf(closers, item.type)?.(state, event, item) ?? []
  // An item that was not announced is done all the same.
  state.items.delete(itemKey(event))
  state.itemsDone++
  const rest = [...state.open.keys()].filter(key => key.startsWith(`${itemKey(event)}/`)).flatMap(key => close(state, key))
  return [...start(state, undefined), ...events, ...rest]
}

const closers: Record<string, (state: ReadState, event: Fields, item: Fields) => NeutralEvent[]> = {
  message: (state, event, item) => fieldsOf(item.content).flatMap((part, index) => {
    const kind = part.type === 'refusal' ? 'refusal' : 'text'
    return sayRest(state, { ...event, content_index: index, logprobs: part.logprobs }, kind, textOf(part.refusal) ?? textOf(part.text))
  }),
  reasoning: (state, event, item) => {
    const key = keyOf(event, 'reasoning')
    const spoken = state.spoken.has(key)
    // Ended early, when the next item began: a signature would come too late.
    if (spoken && !state.open.has(key)) return []
    const said = spoken ? [] : say(state, event, 'reasoning', reasoningText(item))
    // The value in the first event may be unfinished, so only this one counts.
    const signature = readSignature(item)
    if (!signature) return said
    const { block, events } = blockOf(state, event, 'reasoning')
    return [...said, ...events, { type: 'block-signature', index: block.index, signature, ...(block.length === 0 ? { redacted: true } : {}) }]
  },
  function_call: (state, event, item) => [
    ...(state.open.has(keyOf(event, 'tool-call')) ? [] : openCall(state, event, item)),
    ...sayArgs(state, event, textOf(item.arguments) || (item.status === 'incomplete' ? '' : '{}'), true),
  ],
  custom_tool_call: (state, event, item) => {
    const opened = state.open.has(keyOf(event, 'tool-call')) ? [] : openCall(state, event, item)
    const block = state.open.get(keyOf(event, 'tool-call'))
    return [...opened, ...sayArgs(state, event, wrapCustomInput(textOf(item.input) ?? block?.custom ?? ''), true)]
  },
  image_generation_call: (state, _event, item) => {
    const image = readImage(item)
    return image ? [{ type: 'media', index: state.next++, ...image }] : []
  },
}

function close(state: ReadState, key: string): NeutralEvent[] {
  const block = state.open.get(key)
  if (!block) return []
  state.open.delete(key)
  return [{ type: 'block-end', index: block.index }]
}

/** The terminal event: the whole answer again, of which only the numbers are new, unless nothing was streamed at all. */
function end(state: ReadState, event: Fields): NeutralEvent[] {
  const response = isFields(event.response) ? event.response : {}
  const begun = start(state, response)
  const missed = state.next === 0 ? sayAll(state, response) : []
  return [...begun, ...missed, ...finish(state, response)]
}

function sayAll(state: ReadState, response: Fields): NeutralEvent[] {
  return fieldsOf(response.output).flatMap((item, index) => closeItem(state, { output_index: index, item }))
}

function finish(state: ReadState, response: Fields): NeutralEvent[] {
  state.finished = true
  const usage = readUsage(response.usage)?.usage
  return [
    ...[...state.open.keys()].flatMap(key => close(state, key)),
    ...(usage ? [{ type: 'usage' as const, usage }] : []),
    { type: 'finish', finish: readFinish(response, state.produced), stopSequence: undefined },
  ]
}

function cut(_state: ReadState, event: Fields): NeutralEvent[] {
  throw new AppError('upstream_cut', {}, { cause: isFields(event.response) ? event.response.error : event })
}
