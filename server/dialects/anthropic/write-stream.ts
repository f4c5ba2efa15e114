import type { Usage } from '#shared/schemas/price'
import type { ClientRequest } from '../dialect'
import type { AnswerContext, Finish, NeutralEvent, Signature, StreamWriter } from '../neutral'
import { createSequence } from '../sequence'
import { showSignature } from '../signatures'
import { MESSAGE_STOP, keepAlive, messageStart } from './upstream'
import { writeUsage } from './usage'
import { writeCitation, writeEvent, writeFinish } from './wire'
import type { Json } from './wire'
import { TEXT_ITEM, UNSIGNED, mediaText, messageId, signatureCarrier } from './write-reply'

type BlockStart = Extract<NeutralEvent, { type: 'block-start' }>

/** The one block that is being written; the sequence lets no two overlap. */
interface OpenBlock {
  event: BlockStart
  /** Its `content_block_start` is out. Text and reasoning wait for their first word, because empty blocks are refused later. */
  started: boolean
  hasArgs: boolean
  /** Written at the end of the block: it is the last word of reasoning, and a carrier behind a call or text. */
  signature: Signature | undefined
  redacted: boolean
}

interface State {
  frames: Uint8Array[]
  client: ClientRequest
  context: AnswerContext
  started: boolean
  pinged: boolean
  nextIndex: number
  block: OpenBlock | undefined
  /** Pictures that came in the middle of a block wait for its end. */
  media: Extract<NeutralEvent, { type: 'media' }>[]
  usage: Usage
  saw: { tool: boolean, refusal: boolean }
  finish: { finish: Finish, stopSequence: string | undefined } | undefined
}

/**
 * Neutral events in the grammar of Messages: message_start, blocks one behind the other with numbers without gaps, a ping
 * behind the first block's start, message_delta with the whole usage, message_stop.
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming
 */
export function createStreamWriter(request: ClientRequest, context: AnswerContext): StreamWriter {
  const state: State = { frames: [], client: request, context, started: false, pinged: false, nextIndex: 0, block: undefined, media: [], usage: {}, saw: { tool: false, refusal: false }, finish: undefined }
  const sequence = createSequence()

  function take(): Uint8Array {
    const bytes = Buffer.concat(state.frames)
    state.frames = []
    return bytes
  }

  return {
    write(event) {
      for (const ordered of sequence(event)) writeOne(state, ordered)
      return take()
    },
    end() {
      begin(state)
      closeBlock(state)
      const { finish = 'stop', stopSequence } = state.finish ?? {}
      say(state, { type: 'message_delta', delta: writeFinish(finish, stopSequence, state.saw), usage: writeUsage(state.usage) })
      state.frames.push(MESSAGE_STOP)
      return take()
    },
  }
}

type Writers = { [Type in NeutralEvent['type']]: (state: State, event: Extract<NeutralEvent, { type: Type }>) => void }

const writers: Writers = {
  // message_start waits for the first block, because some upstreams say the input's tokens right behind their start.
  'start': () => {},
  'usage': (state, { usage }) => { state.usage = usage },
  'block-start'(state, event) {
    closeBlock(state)
    state.block = { event, started: false, hasArgs: false, signature: undefined, redacted: false }
    if (event.kind === 'tool-call') {
      state.saw.tool = true
      startBlock(state)
    }
    if (event.kind === 'refusal') state.saw.refusal = true
  },
  'block-delta'(state, { text }) {
    const { block } = state
    if (!block || !text) return
    startBlock(state)
    if (block.event.kind === 'tool-call') block.hasArgs = true
    say(state, { type: 'content_block_delta', index: state.nextIndex, delta: writeDelta(block.event.kind, text) })
  },
  'block-signature'(state, { signature, redacted }) {
    if (!state.block) return
    // Upstreams may say it twice; the later one is whole.
    state.block.signature = signature
    state.block.redacted = redacted ?? false
  },
  'block-citation'(state, { citation }) {
    if (state.block?.event.kind !== 'text') return
    // The vendor says what text is founded on before the text itself.
    startBlock(state)
    say(state, { type: 'content_block_delta', index: state.nextIndex, delta: { type: 'citations_delta', citation: writeCitation(citation) } })
  },
  'block-end': closeBlock,
  'media'(state, event) {
    if (state.block) state.media.push(event)
    else writeMedia(state, event)
  },
  // The first reason counts; the numbers may still come behind it, so it is said at the very end.
  'finish'(state, { finish, stopSequence }) {
    begin(state)
    closeBlock(state)
    state.finish ??= { finish, stopSequence }
  },
}

function writeOne<Type extends NeutralEvent['type']>(state: State, event: Extract<NeutralEvent, { type: Type }>): void {
  writers[event.type as Type](state, event)
}

function say(state: State, event: Json & { type: string }): void {
  state.frames.push(writeEvent(event))
}

function begin(state: State): void {
  if (state.started) return
  state.started = true
  say(state, messageStart(messageId(state.context.requestId), state.context.model, writeUsage(state.usage)))
}

const emptyBlocks: Record<BlockStart['kind'], (event: BlockStart) => Json> = {
  'text': () => ({ type: 'text', text: '' }),
  'refusal': () => ({ type: 'text', text: '' }),
  'reasoning': () => ({ type: 'thinking', thinking: '', signature: '' }),
  'tool-call': event => event.kind === 'tool-call' ? { type: 'tool_use', id: event.id, name: event.name, input: {} } : {},
}

function startBlock(state: State): void {
  const { block } = state
  if (!block || block.started) return
  block.started = true
  openWith(state, emptyBlocks[block.event.kind](block.event))
}

function openWith(state: State, block: Json): void {
  begin(state)
  say(state, { type: 'content_block_start', index: state.nextIndex, content_block: block })
  if (state.pinged) return
  state.pinged = true
  state.frames.push(keepAlive(state.client))
}

/** A block that comes complete in its start. */
function writeWhole(state: State, content: Json): void {
  openWith(state, content)
  say(state, { type: 'content_block_stop', index: state.nextIndex++ })
}

function writeMedia(state: State, { mime, data }: { mime: string, data: string }): void {
  openWith(state, { type: 'text', text: '' })
  say(state, { type: 'content_block_delta', index: state.nextIndex, delta: { type: 'text_delta', text: mediaText(mime, data, undefined) } })
  say(state, { type: 'content_block_stop', index: state.nextIndex++ })
}

function writeDelta(kind: BlockStart['kind'], text: string): Json {
  if (kind === 'tool-call') return { type: 'input_json_delta', partial_json: text }
  return kind === 'reasoning' ? { type: 'thinking_delta', thinking: text } : { type: 'text_delta', text }
}

function closeBlock(state: State): void {
  const { block } = state
  if (block?.event.kind === 'reasoning') closeReasoning(state, block)
  else if (block) closeOther(state, block)
  state.block = undefined
  for (const event of state.media.splice(0)) writeMedia(state, event)
}

function closeReasoning(state: State, block: OpenBlock): void {
  const { signature, redacted, started } = block
  if (signature && redacted && !started) {
    writeWhole(state, { type: 'redacted_thinking', data: showSignature(signature, 'anthropic') })
    return
  }
  if (!signature && !started) return
  startBlock(state)
  const shown = signature ? showSignature(signature, 'anthropic') : UNSIGNED
  say(state, { type: 'content_block_delta', index: state.nextIndex, delta: { type: 'signature_delta', signature: shown } })
  say(state, { type: 'content_block_stop', index: state.nextIndex++ })
}

function closeOther(state: State, { event, started, hasArgs, signature }: OpenBlock): void {
  if (started) {
    // The vendor, too, sends one empty piece for a call without arguments.
    if (event.kind === 'tool-call' && !hasArgs) say(state, { type: 'content_block_delta', index: state.nextIndex, delta: { type: 'input_json_delta', partial_json: '' } })
    say(state, { type: 'content_block_stop', index: state.nextIndex++ })
  }
  if (signature) writeWhole(state, signatureCarrier(signature, event.kind === 'tool-call' ? event.id : TEXT_ITEM))
}
