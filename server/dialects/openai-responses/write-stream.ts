import type { Usage } from '#shared/schemas/price'
import type { ClientRequest } from '../dialect'
import { writeLogprobs } from '../logprobs'
import type { AnswerContext, Citation, Finish, NeutralEvent, Signature, StreamWriter, TokenLogprob } from '../neutral'
import { createSequence } from '../sequence'
import type { ClientTool, Fields } from './wire'
import { ownId, unwrapCustomInput, writeEvent } from './wire'
import type { ItemStatus } from './write-reply'
import { TEXT_ITEM, callItem, carrierItem, endingOf, imageItem, messageItem, reasoningItem, refusalPart, textPart, toolsOf, urlCitation, writeResponse } from './write-reply'

type CallStart = Extract<NeutralEvent, { kind: 'tool-call' }>

/** The item being written. A message stays open while words follow words; every other item is one block. */
type OpenItem =
  | { kind: 'message', id: string, parts: Fields[], part: OpenPart | undefined, signature?: Signature }
  | { kind: 'reasoning', id: string, text: string, signature: Signature | undefined }
  | { kind: 'call', id: string, call: { id: string, name: string, args: string }, tool: ClientTool | undefined, signature?: Signature }

interface OpenPart { refusal: boolean, text: string, citations: Citation[], logprobs: TokenLogprob[] }

interface WriteState {
  context: AnswerContext
  tools: Map<string, ClientTool>
  frames: string[]
  sequence: number
  begun: boolean
  item: OpenItem | undefined
  /** A block that has begun and said nothing yet; one that stays so is never told of. */
  pending: 'text' | 'refusal' | 'reasoning' | undefined
  /** Items that are done: the last event tells them all again. */
  output: Fields[]
  hasRefusal: boolean
  usage: Usage
  finish: Finish
}

/**
 * Another dialect's stream in the whole grammar of this one, which clients insist on:
 * https://platform.openai.com/docs/api-reference/responses-streaming
 * An item's done events wait for the event behind it, because only that tells whether the item was cut.
 */
export function createStreamWriter(_request: ClientRequest, context: AnswerContext): StreamWriter {
  const state: WriteState = {
    context,
    tools: toolsOf(context),
    frames: [],
    sequence: 0,
    begun: false,
    item: undefined,
    pending: undefined,
    output: [],
    hasRefusal: false,
    usage: {},
    finish: 'stop',
  }
  const sequence = createSequence()

  function write(event: NeutralEvent): Uint8Array {
    for (const ordered of sequence(event)) writers[ordered.type]?.(state, ordered as never)
    return flush(state)
  }

  function end(): Uint8Array {
    begin(state)
    const { status, reason } = endingOf(state.finish, state.hasRefusal)
    closeItem(state, status)
    const response = writeResponse(context, { status, reason, output: state.output, usage: state.usage })
    emit(state, status === 'completed' ? 'response.completed' : 'response.incomplete', { response })
    return flush(state)
  }

  return { write, end }
}

type Writers = { [Type in NeutralEvent['type']]?: (state: WriteState, event: Extract<NeutralEvent, { type: Type }>) => void }

const writers: Writers = {
  'start': begin,
  'block-start': (state, event) => {
    begin(state)
    const words = event.kind === 'text' || event.kind === 'refusal'
    if (!words || state.item?.kind !== 'message') closeItem(state, 'completed')
    if (event.kind === 'tool-call') openCall(state, event)
    else state.pending = event.kind
  },
  'block-delta': (state, event) => {
    if (!event.text) return
    openPending(state)
    const { item } = state
    if (item?.kind === 'message') sayWords(state, item, event)
    if (item?.kind === 'reasoning') think(state, item, event.text)
    if (item?.kind === 'call') sayArgs(state, item, event.text)
  },
  'block-signature': (state, event) => {
    if (state.pending === 'reasoning') openPending(state)
    if (state.item) state.item.signature = event.signature
  },
  'block-citation': (state, event) => {
    const { item } = state
    if (item?.kind !== 'message' || !item.part || item.part.refusal) return
    const place = placeOf(state, item.id)
    emit(state, 'response.output_text.annotation.added', { ...place, content_index: item.parts.length, annotation_index: item.part.citations.length, annotation: urlCitation(event.citation, item.part.text.length) })
    item.part.citations.push(event.citation)
  },
  'block-end': (state) => { state.pending = undefined },
  'media': (state, event) => {
    begin(state)
    if (!event.mime.startsWith('image/')) return
    closeItem(state, 'completed')
    const id = ownId('ig', state.context.requestId, state.output.length)
    const item = imageItem(id, event.data, event.mime)
    emit(state, 'response.output_item.added', { output_index: state.output.length, item: { id, type: 'image_generation_call', status: 'in_progress', result: null } })
    emit(state, 'response.image_generation_call.completed', placeOf(state, id))
    emit(state, 'response.output_item.done', { output_index: state.output.length, item })
    state.output.push(item)
  },
  'usage': (state, event) => { state.usage = event.usage },
  'finish': (state, event) => { state.finish = event.finish },
}

function openPending(state: WriteState): void {
  const { pending } = state
  if (!pending) return
  state.pending = undefined
  if (pending === 'reasoning') openReasoning(state)
  else openWords(state, pending === 'refusal')
}

function openReasoning(state: WriteState): void {
  const id = ownId('rs', state.context.requestId, state.output.length)
  state.item = { kind: 'reasoning', id, text: '', signature: undefined }
  emit(state, 'response.output_item.added', { output_index: state.output.length, item: reasoningItem(id, '', undefined) })
}

function openCall(state: WriteState, event: CallStart): void {
  const tool = state.tools.get(event.name)
  const id = ownId(tool?.custom ? 'ctc' : 'fc', state.context.requestId, state.output.length)
  const call = { id: event.id, name: event.name, args: '' }
  state.item = { kind: 'call', id, call, tool }
  emit(state, 'response.output_item.added', { output_index: state.output.length, item: callItem(id, call, tool, 'in_progress') })
}

/** The first two events, once: a second start is what a retried upstream says. */
function begin(state: WriteState): void {
  if (state.begun) return
  state.begun = true
  const response = writeResponse(state.context, { status: 'in_progress', reason: undefined, output: [], usage: undefined })
  emit(state, 'response.created', { response })
  emit(state, 'response.in_progress', { response })
}

function openWords(state: WriteState, refusal: boolean): void {
  if (state.item?.kind === 'message') closePart(state, state.item)
  if (state.item?.kind !== 'message') {
    const id = ownId('msg', state.context.requestId, state.output.length)
    state.item = { kind: 'message', id, parts: [], part: undefined }
    emit(state, 'response.output_item.added', { output_index: state.output.length, item: messageItem(id, [], 'in_progress') })
  }
  state.item.part = { refusal, text: '', citations: [], logprobs: [] }
  if (refusal) state.hasRefusal = true
  emit(state, 'response.content_part.added', { ...placeOf(state, state.item.id), content_index: state.item.parts.length, part: refusal ? refusalPart('') : textPart({ text: '' }) })
}

function sayWords(state: WriteState, item: Extract<OpenItem, { kind: 'message' }>, { text: delta, logprobs = [] }: Extract<NeutralEvent, { type: 'block-delta' }>): void {
  if (!item.part) return
  item.part.text += delta
  item.part.logprobs.push(...logprobs)
  const place = { ...placeOf(state, item.id), content_index: item.parts.length, delta }
  if (item.part.refusal) emit(state, 'response.refusal.delta', place)
  else emit(state, 'response.output_text.delta', { ...place, logprobs: writeLogprobs(logprobs) })
}

function think(state: WriteState, item: Extract<OpenItem, { kind: 'reasoning' }>, delta: string): void {
  const place = { ...placeOf(state, item.id), summary_index: 0 }
  if (!item.text) emit(state, 'response.reasoning_summary_part.added', { ...place, part: { type: 'summary_text', text: '' } })
  item.text += delta
  emit(state, 'response.reasoning_summary_text.delta', { ...place, delta })
}

/** The input of a custom tool hides inside JSON until it is whole, so it is told at its end. */
function sayArgs(state: WriteState, item: Extract<OpenItem, { kind: 'call' }>, delta: string): void {
  item.call.args += delta
  if (!item.tool?.custom) emit(state, 'response.function_call_arguments.delta', { ...placeOf(state, item.id), delta })
}

function closePart(state: WriteState, item: Extract<OpenItem, { kind: 'message' }>): void {
  const { part } = item
  if (!part) return
  item.part = undefined
  const place = { ...placeOf(state, item.id), content_index: item.parts.length }
  const written = part.refusal ? refusalPart(part.text) : textPart(part)
  if (part.refusal) emit(state, 'response.refusal.done', { ...place, refusal: part.text })
  else emit(state, 'response.output_text.done', { ...place, text: part.text, logprobs: writeLogprobs(part.logprobs) })
  emit(state, 'response.content_part.done', { ...place, part: written })
  item.parts.push(written)
}

function closeItem(state: WriteState, status: Exclude<ItemStatus, 'in_progress'>): void {
  const { item } = state
  if (!item) return
  state.item = undefined
  const done = item.kind === 'message' ? closeMessage(state, item, status) : item.kind === 'reasoning' ? closeReasoning(state, item) : closeCall(state, item, status)
  emit(state, 'response.output_item.done', { output_index: state.output.length, item: done })
  state.output.push(done)
  if (item.kind !== 'reasoning' && item.signature) carry(state, item.signature, item.kind === 'call' ? item.call.id : TEXT_ITEM)
}

function carry(state: WriteState, signature: Signature, bound: string): void {
  const item = carrierItem(ownId('rs', state.context.requestId, state.output.length), signature, bound)
  for (const type of ['response.output_item.added', 'response.output_item.done']) emit(state, type, { output_index: state.output.length, item })
  state.output.push(item)
}

function closeMessage(state: WriteState, item: Extract<OpenItem, { kind: 'message' }>, status: ItemStatus): Fields {
  closePart(state, item)
  return messageItem(item.id, item.parts, status)
}

function closeReasoning(state: WriteState, item: Extract<OpenItem, { kind: 'reasoning' }>): Fields {
  if (item.text) {
    const place = { ...placeOf(state, item.id), summary_index: 0 }
    emit(state, 'response.reasoning_summary_text.done', { ...place, text: item.text })
    emit(state, 'response.reasoning_summary_part.done', { ...place, part: { type: 'summary_text', text: item.text } })
  }
  return reasoningItem(item.id, item.text, item.signature)
}

function closeCall(state: WriteState, item: Extract<OpenItem, { kind: 'call' }>, status: ItemStatus): Fields {
  const place = placeOf(state, item.id)
  if (item.tool?.custom) {
    const input = item.call.args ? unwrapCustomInput(item.call.args) : ''
    if (input) emit(state, 'response.custom_tool_call_input.delta', { ...place, delta: input })
    emit(state, 'response.custom_tool_call_input.done', { ...place, input })
    return callItem(item.id, item.call, item.tool, status)
  }
  // No arguments are an empty object, unless they were cut off.
  if (!item.call.args && status === 'completed') sayArgs(state, item, '{}')
  emit(state, 'response.function_call_arguments.done', { ...place, name: item.tool?.name ?? item.call.name, arguments: item.call.args })
  return callItem(item.id, item.call, item.tool, status)
}

function placeOf(state: WriteState, id: string): { item_id: string, output_index: number } {
  return { item_id: id, output_index: state.output.length }
}

function emit(state: WriteState, type: string, fields: Fields): void {
  state.frames.push(writeEvent({ type, ...fields, sequence_number: state.sequence++ }))
}

function flush(state: WriteState): Uint8Array {
  const bytes = Buffer.from(state.frames.join(''))
  state.frames = []
  return bytes
}
