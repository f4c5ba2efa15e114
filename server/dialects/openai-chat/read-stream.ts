import type { Quirks } from '#shared/schemas/quirks'
import { AppError } from '#server/errors/app-error'
import { parseShallow } from '../json-depth'
import { createLogprobQueue, readLogprobs } from '../logprobs'
import type { NeutralEvent, StreamReader } from '../neutral'
import { mintToolId } from '../tool-ids'
import { picturesOf, readCitation } from './read-reply'
import { readUsage } from './usage'
import { argumentsOf, errorIn, filled, isRedacted, piecesOfContent, plainSignature, readArguments, readCallSignature, readFinish, reasoningFields, recordOf, recordsOf, reportedUsage, signatureOfDetail, textOf, textOfDetail } from './wire'
import type { ContentPiece, ReasoningField, Wire } from './wire'

interface Call {
  /** The block's number; undefined until the name is known. */
  index: number | undefined
  id: string | undefined
  name: string
  args: string
  /** Arguments that came before the name. */
  waiting: string
  closed: boolean
}

interface Words {
  kind: ContentPiece['kind']
  index: number
  detail: Wire | undefined
  field: ReasoningField | undefined
  /** What the plain field said: an entry of the details behind it may say it once more as a whole. */
  plain: string
}

interface ReaderState {
  events: NeutralEvent[]
  started: boolean
  next: number
  /** The text, reasoning or refusal that is open; calls stay open beside it. */
  words: Words | undefined
  /** By the upstream's number of the call: the newest call that has it. */
  calls: Map<number, Call>
  allCalls: Call[]
  lastText: number | undefined
  logprobs: ReturnType<typeof createLogprobQueue>
  refused: boolean
  finish: string | undefined
  done: boolean
  ended: boolean
}

/** What a delta may carry, in the order in which it is read. */
const deltaReaders: ((state: ReaderState, delta: Wire) => void)[] = [readReasoningDelta, readContentDelta, readRefusalDelta, readPictures, readAnnotations, readCalls, readLegacyCall]

/**
 * A stream of an upstream: https://platform.openai.com/docs/api-reference/chat/streaming
 * Only the first choice is read. The end is said when the stream has ended, because usage comes behind the finish reason.
 */
export function createStreamReader(quirks?: Quirks): StreamReader {
  const state: ReaderState = { events: [], started: false, next: 0, words: undefined, calls: new Map(), allCalls: [], lastText: undefined, logprobs: createLogprobQueue(), refused: false, finish: undefined, done: false, ended: false }

  function taken(): NeutralEvent[] {
    const { events } = state
    state.events = []
    return events
  }

  function read(data: string): NeutralEvent[] {
    if (state.done) return []
    if (data.trim() === '[DONE]') {
      state.done = true
      return end()
    }
    readChunk(state, parseChunk(data), quirks)
    return taken()
  }

  function end(): NeutralEvent[] {
    if (state.ended) return []
    // Some upstreams say no [DONE], some no finish reason; without both the answer broke off.
    if (!state.done && state.finish === undefined) throw new AppError('upstream_cut', {}, { cause: new Error('the stream ended without a finish reason') })
    state.ended = true
    closeWords(state)
    closeCalls(state)
    const finish = readFinish(state.finish, { tool: state.allCalls.length > 0, refusal: state.refused })
    state.events.push({ type: 'finish', finish, stopSequence: undefined })
    return taken()
  }

  return { read, end }
}

function parseChunk(data: string): Wire {
  let chunk: unknown
  try {
    chunk = parseShallow(data)
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
  if (typeof chunk !== 'object' || chunk === null || Array.isArray(chunk)) throw new AppError('upstream_malformed', {}, { cause: new Error('a chunk is no object') })
  return chunk as Wire
}

function readChunk(state: ReaderState, chunk: Wire, quirks: Quirks | undefined): void {
  const error = errorIn(chunk)
  if (error !== undefined) throw new AppError('upstream_cut', {}, { cause: new Error(textOf(recordOf(error).message) || textOf(error) || 'an error in the stream') })
  const choice = recordsOf(chunk.choices).find(item => (item.index ?? 0) === 0)
  // Azure begins with a chunk that has neither choices nor a name.
  if (!state.started && (choice || filled(chunk.id))) {
    state.started = true
    state.events.push({ type: 'start', id: filled(chunk.id), model: filled(chunk.model) })
  }
  if (choice) {
    const delta = recordOf(choice.delta)
    state.logprobs.add(readLogprobs(recordOf(choice.logprobs).content))
    for (const read of deltaReaders) read(state, delta)
    const finish = filled(choice.finish_reason)
    if (finish) {
      state.finish = finish
      // An error among the reasons is noticed at once.
      readFinish(finish, { tool: false, refusal: false })
    }
  }
  const reported = readUsage(reportedUsage(chunk), quirks)
  if (reported) state.events.push({ type: 'usage', usage: reported.usage })
}

function say(state: ReaderState, kind: Words['kind'], text: string): void {
  if (state.words?.kind !== kind) open(state, kind)
  const index = state.words?.index ?? 0
  if (text) state.events.push({ type: 'block-delta', index, text, ...(kind === 'text' ? state.logprobs.take() : {}) })
}

function open(state: ReaderState, kind: Words['kind']): Words {
  closeWords(state)
  const words: Words = { kind, index: state.next++, detail: undefined, field: undefined, plain: '' }
  state.words = words
  if (kind === 'text') state.lastText = words.index
  state.events.push({ type: 'block-start', index: words.index, kind })
  return words
}

function closeWords(state: ReaderState): void {
  const { words } = state
  if (!words) return
  state.words = undefined
  if (words.detail) {
    const signature = signatureOfDetail(words.detail)
    state.events.push({ type: 'block-signature', index: words.index, signature, ...(isRedacted(words.detail, signature) ? { redacted: true } : {}) })
  }
  else if (words.field) state.events.push({ type: 'block-signature', index: words.index, signature: plainSignature(words.field) })
  state.events.push({ type: 'block-end', index: words.index })
}

/** Reasoning in a plain field, or in details whose entries grow over many deltas and are told apart by their number. */
function readReasoningDelta(state: ReaderState, delta: Wire): void {
  const details = recordsOf(delta.reasoning_details)
  const field = reasoningFields.find(name => filled(delta[name]))
  const plain = field ? textOf(delta[field]) : ''
  if (plain && !details.some(textOfDetail)) {
    say(state, 'reasoning', plain)
    if (state.words) {
      state.words.field = field
      state.words.plain += plain
    }
  }
  for (const detail of details) readDetail(state, detail)
}

function readDetail(state: ReaderState, detail: Wire): void {
  const { text: _, summary: __, ...rest } = detail
  const words = state.words?.kind === 'reasoning' && sameDetail(state.words.detail, detail) ? state.words : open(state, 'reasoning')
  words.detail = { ...words.detail, ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null && value !== undefined)) }
  if (!('type' in words.detail)) words.detail.type = 'reasoning.text'
  const text = textOfDetail(detail)
  say(state, 'reasoning', words.plain !== '' && text === words.plain ? '' : text)
}

/** An entry goes on when kind and number are the same; one that is opaque is whole. */
function sameDetail(begun: Wire | undefined, detail: Wire): boolean {
  if (!begun) return detail.type !== 'reasoning.encrypted'
  return begun.type === detail.type && begun.index === detail.index && detail.type !== 'reasoning.encrypted'
}

function readContentDelta(state: ReaderState, delta: Wire): void {
  for (const { kind, text } of piecesOfContent(delta.content)) {
    if (kind === 'refusal') state.refused = true
    say(state, kind, text)
  }
}

function readRefusalDelta(state: ReaderState, delta: Wire): void {
  const text = filled(delta.refusal)
  if (!text) return
  state.refused = true
  say(state, 'refusal', text)
}

function readPictures(state: ReaderState, delta: Wire): void {
  for (const { mime, data } of picturesOf(delta)) {
    closeWords(state)
    state.events.push({ type: 'media', index: state.next++, mime, data })
  }
}

function readAnnotations(state: ReaderState, delta: Wire): void {
  const index = state.words?.kind === 'text' ? state.words.index : undefined
  if (index === undefined) return
  for (const citation of recordsOf(delta.annotations).flatMap(readCitation)) state.events.push({ type: 'block-citation', index, citation })
}

function readCalls(state: ReaderState, delta: Wire): void {
  for (const call of recordsOf(delta.tool_calls)) readCall(state, call)
}

function readLegacyCall(state: ReaderState, delta: Wire): void {
  const called = recordOf(delta.function_call)
  if (called.name !== undefined || called.arguments !== undefined) readCall(state, { index: 0, function: called })
}

function readCall(state: ReaderState, wire: Wire): void {
  const called = recordOf(wire.function)
  const call = callOf(state, wire, called)
  if (call.closed) return
  call.name ||= textOf(called.name)
  call.id ??= filled(wire.id)
  // Only the first piece can be Groq's `null`, so only there it is read as no arguments.
  const args = call.args === '' ? readArguments(called.arguments) : argumentsOf(called.arguments)
  call.args += args
  call.waiting += args
  if (!call.name) return
  if (call.index === undefined) {
    closeWords(state)
    for (const earlier of state.allCalls) if (isWhole(earlier.args)) closeCall(state, earlier)
    call.index = state.next++
    call.id ??= mintToolId()
    state.events.push({ type: 'block-start', index: call.index, kind: 'tool-call', id: call.id, name: call.name })
  }
  const signature = readCallSignature(wire, 'openai-chat')
  if (signature) state.events.push({ type: 'block-signature', index: call.index, signature })
  if (call.waiting) state.events.push({ type: 'block-delta', index: call.index, text: call.waiting })
  call.waiting = ''
}

/** The call a delta belongs to. Numbers may begin at 1, be missing, or be the same for calls that are not. */
function callOf(state: ReaderState, wire: Wire, called: Wire): Call {
  const id = filled(wire.id)
  const key = typeof wire.index === 'number' ? wire.index : state.allCalls.findIndex(call => id !== undefined && call.id === id)
  const begun = key === -1 ? state.allCalls.at(-1) : state.calls.get(key) ?? (typeof wire.index === 'number' ? undefined : state.allCalls[key])
  if (begun && !isAnother(begun, id, called, typeof wire.index !== 'number')) return begun
  const call: Call = { index: undefined, id, name: '', args: '', waiting: '', closed: false }
  state.allCalls.push(call)
  if (typeof wire.index === 'number') state.calls.set(wire.index, call)
  return call
}

function isAnother(begun: Call, id: string | undefined, called: Wire, unnumbered: boolean): boolean {
  // Without a name it goes on, whatever its id: some ids come late, some change with every delta.
  if (filled(called.name) === undefined || begun.name === '' || (id !== undefined && begun.id === id)) return false
  if (id !== undefined || unnumbered) return true
  // Google's endpoint sends whole calls without ids, all under one number.
  return isWhole(begun.args) && argumentsOf(called.arguments) !== ''
}

function isWhole(args: string): boolean {
  try {
    return typeof JSON.parse(args) === 'object'
  }
  catch { return false }
}

function closeCalls(state: ReaderState): void {
  for (const call of state.allCalls) {
    if (call.index === undefined) throw new AppError('upstream_malformed', {}, { cause: new Error('a tool call without a name') })
    closeCall(state, call)
  }
}

/** A call whose arguments are whole ends when the next begins, so that dialects whose blocks never overlap go on at once. */
function closeCall(state: ReaderState, call: Call): void {
  if (call.closed || call.index === undefined) return
  call.closed = true
  if (call.args === '') state.events.push({ type: 'block-delta', index: call.index, text: '{}' })
  state.events.push({ type: 'block-end', index: call.index })
}
