import type { ClientRequest } from '../dialect'
import type { AnswerContext, NeutralEvent, ReasoningBlock, Signature, StreamWriter } from '../neutral'
import { showSignature } from '../signatures'
import { writeUsage } from './usage'
import { callExtra, NOTHING, writeDetail, writeFinish, writeTextDetail } from './wire'
import type { Wire } from './wire'
import { isLegacy, writeChoiceLogprobs, writeCitation, writePicture } from './write-reply'

type Kind = 'text' | 'reasoning' | 'refusal' | 'tool-call'

interface OpenBlock {
  kind: Kind
  /** Of a tool call: its number among the calls, which is not the block's. */
  call: number
  text: string
  signature: Signature | undefined
  redacted: boolean
  /** Where the block's text begins in the content. */
  start: number
}

interface WriterState {
  head: Wire
  wantsUsage: boolean
  legacy: boolean
  started: boolean
  open: Map<number, OpenBlock>
  calls: number
  details: number
  contentLength: number
  refused: boolean
  /** Some words of reasoning were shown. */
  reasoned: boolean
  usage: Wire | undefined
  finished: boolean
}

type EventOf<T extends NeutralEvent['type']> = Extract<NeutralEvent, { type: T }>
type Write<E extends NeutralEvent> = (state: WriterState, event: E) => Wire[]

/** Each gives the deltas its event is worth; none is a valid answer. */
const writers: { [T in NeutralEvent['type']]: Write<EventOf<T>> } = {
  'start': () => [],
  'block-start': startBlock,
  'block-delta': writeDelta,
  'block-signature': keepSignature,
  'block-citation': (state, { index, citation }) => [{ annotations: [writeCitation(citation, state.open.get(index)?.start ?? 0, state.contentLength)] }],
  'block-end': endBlock,
  'media': (_state, { mime, data }) => mime.startsWith('image/') ? [{ images: [writePicture(mime, data)] }] : [],
  'usage': (state, { usage }) => {
    state.usage = writeUsage(usage)
    return []
  },
  'finish': () => [],
}

/**
 * A stream for a client: https://platform.openai.com/docs/api-reference/chat/streaming
 * Role first, then deltas, the finish reason in a chunk of its own, usage when it was asked for, `[DONE]`.
 */
export function createStreamWriter(request: ClientRequest, context: AnswerContext): StreamWriter {
  const state: WriterState = {
    head: { id: `chatcmpl-${context.requestId}`, object: 'chat.completion.chunk', created: context.created, model: context.model },
    wantsUsage: request.wantsUsage,
    legacy: isLegacy(context),
    started: false,
    open: new Map(),
    calls: 0,
    details: 0,
    contentLength: 0,
    refused: false,
    reasoned: false,
    usage: undefined,
    finished: false,
  }

  function write(event: NeutralEvent): Uint8Array {
    const chunks: Wire[] = []
    if (!state.started) {
      state.started = true
      chunks.push(choiceChunk(state, { role: 'assistant', content: '', refusal: null }, {}))
    }
    // The table has one writer for each type, which the compiler cannot pair by itself.
    const writer = writers[event.type] as Write<NeutralEvent>
    const logprobs = event.type === 'block-delta' && event.logprobs ? { logprobs: writeChoiceLogprobs(event.logprobs) } : {}
    chunks.push(...writer(state, event).map(delta => choiceChunk(state, delta, logprobs)))
    if (event.type === 'finish' && !state.finished) {
      state.finished = true
      const seen = { tool: state.calls > 0, refusal: state.refused, legacy: state.legacy }
      chunks.push(choiceChunk(state, {}, { finish_reason: writeFinish(event.finish, seen) }))
    }
    return framesOf(chunks)
  }

  function end(): Uint8Array {
    const usage = state.wantsUsage && state.usage ? framesOf([{ ...state.head, choices: [], usage: state.usage }]) : NOTHING
    return Buffer.concat([usage, Buffer.from('data: [DONE]\n\n')])
  }

  return { write, end }
}

function choiceChunk(state: WriterState, delta: Wire, rest: Wire): Wire {
  return { ...state.head, choices: [{ index: 0, delta, logprobs: null, finish_reason: null, ...rest }], ...(state.wantsUsage ? { usage: null } : {}) }
}

function framesOf(chunks: Wire[]): Uint8Array {
  return chunks.length === 0 ? NOTHING : Buffer.from(chunks.map(chunk => `data: ${JSON.stringify(chunk)}\n\n`).join(''))
}

function startBlock(state: WriterState, event: EventOf<'block-start'>): Wire[] {
  const block: OpenBlock = { kind: event.kind, call: -1, text: '', signature: undefined, redacted: false, start: state.contentLength }
  state.open.set(event.index, block)
  if (event.kind !== 'tool-call') return []
  block.call = state.calls++
  if (state.legacy) return block.call === 0 ? [{ function_call: { name: event.name, arguments: '' } }] : []
  return [{ tool_calls: [{ index: block.call, id: event.id, type: 'function', function: { name: event.name, arguments: '' } }] }]
}

const deltaWriters: Record<Kind, (state: WriterState, block: OpenBlock, text: string) => Wire[]> = {
  'text': (state, _block, text) => {
    state.contentLength += text.length
    return [{ content: text }]
  },
  'reasoning': (state, block, text) => {
    // A new block of reasoning is a new paragraph, as in a whole answer.
    const gap = block.text === '' && state.reasoned ? '\n\n' : ''
    state.reasoned = true
    return [{ reasoning_content: gap + text }]
  },
  'refusal': (state, _block, text) => {
    state.refused = true
    return [{ refusal: text }]
  },
  'tool-call': (state, block, text) => {
    if (state.legacy) return block.call === 0 ? [{ function_call: { arguments: text } }] : []
    return [{ tool_calls: [{ index: block.call, function: { arguments: text } }] }]
  },
}

function writeDelta(state: WriterState, { index, text }: EventOf<'block-delta'>): Wire[] {
  const block = state.open.get(index)
  if (!block || text === '') return []
  const deltas = deltaWriters[block.kind](state, block, text)
  // Only reasoning is said again as a whole; of the others it is enough to know that there was something.
  block.text = block.kind === 'reasoning' ? block.text + text : text
  return deltas
}

/** The proof of a call goes out at once; that of reasoning stands beside its whole text at the end of the block. */
function keepSignature(state: WriterState, event: EventOf<'block-signature'>): Wire[] {
  const block = state.open.get(event.index)
  if (!block) return []
  if (block.kind === 'tool-call') return state.legacy ? [] : [{ tool_calls: [{ index: block.call, ...callExtra(showSignature(event.signature, 'gemini')) }] }]
  block.signature = event.signature
  block.redacted = event.redacted ?? false
  return []
}

function endBlock(state: WriterState, { index }: EventOf<'block-end'>): Wire[] {
  const block = state.open.get(index)
  if (!block) return []
  state.open.delete(index)
  // No arguments are an empty object: clients parse them.
  if (block.kind === 'tool-call') return block.text === '' ? deltaWriters['tool-call'](state, block, '{}') : []
  const detail = detailOf(block, state.details)
  if (!detail) return []
  state.details++
  return [{ reasoning_details: [detail] }]
}

function detailOf({ kind, text, signature, redacted }: OpenBlock, index: number): Wire | undefined {
  if (!signature) return undefined
  if (kind === 'text') return writeTextDetail(signature, index)
  const block: ReasoningBlock = { type: 'reasoning', text, signature, ...(redacted ? { redacted } : {}) }
  return kind === 'reasoning' ? writeDetail(block, index) : undefined
}
