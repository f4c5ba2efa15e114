import { AppError } from '#server/errors/app-error'
import { parseShallow } from '../json-depth'
import type { NeutralEvent, StreamReader } from '../neutral'
import { mintToolId } from '../tool-ids'
import { mergeUsage, readUsage } from './usage'
import { citationOf, isRecord, readFinish, recordIn, stringIn } from './wire'
import type { Json } from './wire'

interface OpenBlock {
  /** Its number in the neutral stream, where blocks of hosted tools are not counted. */
  index: number
  kind: 'text' | 'reasoning' | 'tool-call'
  /** Arguments that stood in the block's start, for upstreams that send no deltas of them. */
  input: string
  hasDelta: boolean
}

interface State {
  started: boolean
  /** Open blocks by their wire index. */
  open: Map<number, OpenBlock>
  nextIndex: number
  model: string | undefined
  usage: Json | undefined
  sawTool: boolean
  stopReason: string | undefined
  stopSequence: string | undefined
  explanation: string | undefined
  finished: boolean
}

/**
 * A stream of Messages as neutral events: https://docs.anthropic.com/en/docs/build-with-claude/streaming
 * Blocks of hosted tools are left out; the text around them stays.
 */
export function createStreamReader(): StreamReader {
  const state: State = { started: false, open: new Map(), nextIndex: 0, model: undefined, usage: undefined, sawTool: false, stopReason: undefined, stopSequence: undefined, explanation: undefined, finished: false }

  function read(data: string): NeutralEvent[] {
    // Some compatible upstreams end like another vendor.
    if (data === '[DONE]') return finish(state)
    const event = parseEvent(data)
    const type = stringIn(event, 'type') ?? ''
    if (Object.hasOwn(readers, type)) return readers[type]!(state, event)
    if (event.error !== undefined && event.error !== null) throw new AppError('upstream_cut')
    return []
  }

  return { read, end: () => finish(state) }
}

const readers: Record<string, (state: State, event: Json) => NeutralEvent[]> = {
  message_start: start,
  content_block_start: startBlock,
  content_block_delta: readDelta,
  content_block_stop: endBlock,
  message_delta: readEnd,
  message_stop: finish,
  error() { throw new AppError('upstream_cut') },
}

function start(state: State, event: Json): NeutralEvent[] {
  const message = recordIn(event, 'message')
  if (state.started) {
    // Another attempt spliced in: harmless before any block, behind one the parts belong to different answers.
    if (state.nextIndex > 0) throw new AppError('upstream_cut')
    return []
  }
  state.started = true
  state.model = stringIn(message, 'model')
  return [{ type: 'start', id: stringIn(message, 'id'), model: state.model }, ...readNumbers(state, message?.usage)]
}

function readNumbers(state: State, usage: unknown): NeutralEvent[] {
  if (!isRecord(usage)) return []
  state.usage = mergeUsage(state.usage, usage)
  const reading = readUsage(state.usage, state.model)
  return reading ? [{ type: 'usage', usage: reading.usage }] : []
}

type BlockReader = (block: Json, index: number) => { kind: OpenBlock['kind'], input?: string, events: NeutralEvent[] }

/** Kinds of blocks that have a neutral word; all others are skipped with their deltas. */
const blockReaders: Record<string, BlockReader> = {
  text: (block, index) => ({ kind: 'text', events: [{ type: 'block-start', index, kind: 'text' }, ...delta(index, stringIn(block, 'text'))] }),
  thinking: (block, index) => ({
    kind: 'reasoning',
    events: [{ type: 'block-start', index, kind: 'reasoning' }, ...delta(index, stringIn(block, 'thinking')), ...signed(index, stringIn(block, 'signature'))],
  }),
  redacted_thinking: (block, index) => ({
    kind: 'reasoning',
    events: [{ type: 'block-start', index, kind: 'reasoning' }, { type: 'block-signature', index, signature: { dialect: 'anthropic', value: stringIn(block, 'data') ?? '' }, redacted: true }],
  }),
  tool_use: (block, index) => ({
    kind: 'tool-call',
    input: isRecord(block.input) ? JSON.stringify(block.input) : '{}',
    events: [{ type: 'block-start', index, kind: 'tool-call', id: stringIn(block, 'id') || mintToolId(), name: stringIn(block, 'name') ?? '' }],
  }),
}

function startBlock(state: State, event: Json): NeutralEvent[] {
  const block = recordIn(event, 'content_block')
  const type = stringIn(block, 'type') ?? ''
  if (block === undefined || !Object.hasOwn(blockReaders, type)) return []
  const at = wireIndex(event)
  // A block whose number is used again without having ended is over.
  const before = endBlock(state, event)
  const { kind, input = '', events } = blockReaders[type]!(block, state.nextIndex)
  state.open.set(at, { index: state.nextIndex++, kind, input, hasDelta: false })
  if (kind === 'tool-call') state.sawTool = true
  return [...before, ...events]
}

const delta = (index: number, text: string | undefined): NeutralEvent[] => text ? [{ type: 'block-delta', index, text }] : []
const signed = (index: number, value: string | undefined): NeutralEvent[] => value ? [{ type: 'block-signature', index, signature: { dialect: 'anthropic', value } }] : []

const deltaReaders: Record<string, (block: OpenBlock, from: Json) => NeutralEvent[]> = {
  text_delta: (block, from) => delta(block.index, stringIn(from, 'text')),
  thinking_delta: (block, from) => delta(block.index, stringIn(from, 'thinking')),
  signature_delta: (block, from) => signed(block.index, stringIn(from, 'signature')),
  input_json_delta(block, from) {
    const events = delta(block.index, stringIn(from, 'partial_json'))
    // The first piece is often empty, and the only one of a call without arguments.
    if (events.length > 0) block.hasDelta = true
    return events
  },
  citations_delta(block, from) {
    const citation = citationOf(from.citation)
    return citation ? [{ type: 'block-citation', index: block.index, citation }] : []
  },
}

function readDelta(state: State, event: Json): NeutralEvent[] {
  const from = recordIn(event, 'delta')
  const block = state.open.get(wireIndex(event))
  const type = stringIn(from, 'type') ?? ''
  return from && block && Object.hasOwn(deltaReaders, type) ? deltaReaders[type]!(block, from) : []
}

function endBlock(state: State, event: Json): NeutralEvent[] {
  const at = wireIndex(event)
  const block = state.open.get(at)
  if (!block) return []
  state.open.delete(at)
  const args = block.kind === 'tool-call' && !block.hasDelta ? delta(block.index, block.input) : []
  return [...args, { type: 'block-end', index: block.index }]
}

function readEnd(state: State, event: Json): NeutralEvent[] {
  const from = recordIn(event, 'delta')
  state.stopReason = stringIn(from, 'stop_reason') ?? state.stopReason
  state.stopSequence = stringIn(from, 'stop_sequence') ?? state.stopSequence
  state.explanation = stringIn(recordIn(from, 'stop_details'), 'explanation') ?? state.explanation
  return readNumbers(state, event.usage)
}

/** Closes what is open and says how it ended, once. */
function finish(state: State): NeutralEvent[] {
  if (state.finished) return []
  state.finished = true
  const cut = state.open.size > 0 && state.stopReason === undefined
  const ends = [...state.open.keys()].flatMap(index => endBlock(state, { index }))
  const { explanation, nextIndex: index } = state
  const refusal: NeutralEvent[] = explanation
    ? [{ type: 'block-start', index, kind: 'refusal' }, { type: 'block-delta', index, text: explanation }, { type: 'block-end', index }]
    : []
  return [...ends, ...refusal, { type: 'finish', finish: cut ? 'length' : readFinish(state.stopReason, state.sawTool), stopSequence: state.stopSequence }]
}

const wireIndex = (event: Json): number => typeof event.index === 'number' ? event.index : 0

function parseEvent(data: string): Json {
  try {
    const event = parseShallow(data)
    if (isRecord(event)) return event
  }
  catch { /* The error below says it. */ }
  throw new AppError('upstream_malformed')
}
