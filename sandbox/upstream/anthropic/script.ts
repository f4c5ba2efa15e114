import type { Reply } from '../reply.ts'
import { splitFor } from '../reply.ts'
import type { Wire } from '../scenarios.ts'
import type { Frame, Script } from '../script.ts'
import { anthropicError } from './errors.ts'
import { thinkingSignature } from './messages.ts'
import { reportedAnthropicUsage, startingUsage } from './usage.ts'

/** What every answer carries. */
export interface Identity {
  id: string
  requestId: string
  model: string
  /** Thoughts are sent signed and without their text. */
  hidesThoughts: boolean
}

/** One content block: as it starts, what is added to it, and as a whole reply has it. */
interface Block {
  start: object
  deltas: object[]
  whole: object
}

function blocksOfReply(reply: Reply, hidesThoughts: boolean): Block[] {
  const blocks: Block[] = []
  if (reply.reasoning !== '') {
    const thinking = hidesThoughts ? '' : reply.reasoning
    const signature = thinkingSignature(thinking)
    blocks.push({
      start: { type: 'thinking', thinking: '', signature: '' },
      deltas: [...splitFor(reply, thinking).map(piece => ({ type: 'thinking_delta', thinking: piece })), { type: 'signature_delta', signature }],
      whole: { type: 'thinking', thinking, signature },
    })
  }
  if (reply.text !== '') {
    blocks.push({
      start: { type: 'text', text: '' },
      deltas: splitFor(reply, reply.text).map(text => ({ type: 'text_delta', text })),
      whole: { type: 'text', text: reply.text },
    })
  }
  return [...blocks, ...reply.toolCalls.map(call => callBlock(reply, call))]
}

/** A call without arguments is streamed as one empty delta and never says `{}`. */
function callBlock(reply: Reply, { id, function: { name, arguments: json } }: Reply['toolCalls'][number]): Block {
  const call = { type: 'tool_use', id: id.replace('call_', 'toolu_'), name }
  const pieces = ['', ...json === '{}' ? [] : splitFor(reply, json)]
  return {
    start: { ...call, input: {} },
    deltas: pieces.map(partial => ({ type: 'input_json_delta', partial_json: partial })),
    whole: { ...call, input: parsedOrEmpty(json) },
  }
}

/** A limit may cut the arguments, and an object cannot be half. */
function parsedOrEmpty(json: string): unknown {
  try {
    return JSON.parse(json)
  }
  catch {
    return {}
  }
}

const stopReasons = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal' }

function ending(reply: Reply): object {
  const refused = reply.refusal !== '' || reply.finishReason === 'content_filter'
  return {
    stop_reason: reply.refusal === '' ? stopReasons[reply.finishReason] : 'refusal',
    stop_sequence: null,
    stop_details: refused ? { type: 'refusal', category: null, explanation: reply.refusal === '' ? null : reply.refusal } : null,
  }
}

/** The message of a reply that is not streamed. */
export function wholeMessage(identity: Identity, reply: Reply, wire: Wire): object {
  const content = blocksOfReply(reply, identity.hidesThoughts).map(({ whole }) => whole)
  return { ...head(identity), content, ...ending(reply), usage: reportedAnthropicUsage(reply, wire) }
}

function head({ id, model }: Identity): object {
  return { model, id, type: 'message', role: 'assistant' }
}

export function piecesOfMessage(identity: Identity, reply: Reply): number {
  return blocksOfReply(reply, identity.hidesThoughts).reduce((sum, { deltas }) => sum + deltas.length, 0)
}

/** The events of a streamed message. Blocks never overlap, and every event has its type as its name. */
export function messageScript(identity: Identity, reply: Reply, wire: Wire): Script {
  const blocks = blocksOfReply(reply, identity.hidesThoughts)
  const nothing = { stop_reason: null, stop_sequence: null, stop_details: null }
  return {
    opening: () => [frame('message_start', { message: { ...head(identity), content: [], ...nothing, usage: startingUsage(reply, wire) } })],
    pieces: blocks.reduce((sum, { deltas }) => sum + deltas.length, 0),
    * content() {
      for (const [index, { start, deltas }] of blocks.entries()) {
        for (const [place, delta] of deltas.entries()) {
          yield [
            ...(place === 0 ? [frame('content_block_start', { index, content_block: start })] : []),
            ...(place === 0 && index === 0 ? [frame('ping', {})] : []),
            frame('content_block_delta', { index, delta }),
            ...(place === deltas.length - 1 ? [frame('content_block_stop', { index })] : []),
          ]
        }
      }
    },
    * closing() {
      const usage = reportedAnthropicUsage(reply, wire)
      yield frame('message_delta', { delta: ending(reply), usage: usage && { ...usage, cache_creation: undefined, service_tier: undefined } })
      if (wire.done !== false) yield frame('message_stop', {})
    },
    failure: () => [{ event: 'error', data: JSON.stringify(midwayError(identity)) }],
    broken: { event: 'content_block_delta', data: '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"half a fr' },
  }
}

/** An overload is what most often hits a stream that has begun. */
export function midwayError({ requestId }: Identity): object {
  return anthropicError(529, 'The sandbox broke down while it was answering.', requestId)
}

function frame(type: string, rest: object): Frame {
  return { event: type, data: JSON.stringify({ type, ...rest }) }
}
