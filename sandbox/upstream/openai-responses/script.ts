import type { Reply } from '../reply.ts'
import { splitFor } from '../reply.ts'
import type { Wire } from '../scenarios.ts'
import type { Frame, Script } from '../script.ts'
import type { Identity, Item } from './output.ts'
import { finalResponse, itemsOf, partOf, responseOf } from './output.ts'
import { reportedResponsesUsage } from './usage.ts'

const breakdown = { code: 'server_error', message: 'The sandbox broke down while it was answering.' }

/** An event without its number: its type and what it says. */
type Event = [type: string, rest: object]

/** The events around and between the pieces of one item. */
interface Stages {
  before: Event[]
  piece: (delta: string) => Event
  after: Event[]
}

function stagesOf({ kind, text, begun, done }: Item, index: number): Stages {
  const where = { item_id: begun.id, output_index: index }
  const added: Event = ['response.output_item.added', { output_index: index, item: begun }]
  const ended: Event = ['response.output_item.done', { output_index: index, item: done }]
  switch (kind) {
    case 'call':
      return {
        before: [added],
        piece: delta => ['response.function_call_arguments.delta', { ...where, delta, obfuscation: 'sandbox' }],
        after: [['response.function_call_arguments.done', { ...where, arguments: text, name: begun['name'] }], ended],
      }
    case 'reasoning': {
      const summary = { ...where, summary_index: 0 }
      return {
        before: [added, ['response.reasoning_summary_part.added', { ...summary, part: { type: 'summary_text', text: '' } }]],
        piece: delta => ['response.reasoning_summary_text.delta', { ...summary, delta, obfuscation: 'sandbox' }],
        after: [
          ['response.reasoning_summary_text.done', { ...summary, text }],
          ['response.reasoning_summary_part.done', { ...summary, part: { type: 'summary_text', text } }],
          ended,
        ],
      }
    }
    default: {
      const content = { ...where, content_index: 0 }
      const logprobs = kind === 'text' ? { logprobs: [] } : {}
      const name = kind === 'text' ? 'response.output_text' : 'response.refusal'
      return {
        before: [added, ['response.content_part.added', { ...content, part: partOf(kind, '') }]],
        piece: delta => [`${name}.delta`, { ...content, delta, ...logprobs, obfuscation: 'sandbox' }],
        after: [
          [`${name}.done`, { ...content, [kind]: text, ...logprobs }],
          ['response.content_part.done', { ...content, part: partOf(kind, text) }],
          ended,
        ],
      }
    }
  }
}

/** How many pieces an item is sent in; one without a text still takes the place of one. */
function splitItem(reply: Reply, { text }: Item): string[] {
  return text === '' ? [''] : splitFor(reply, text)
}

export function piecesOfResponse(identity: Identity, reply: Reply): number {
  return itemsOf(identity, reply).reduce((sum, item) => sum + splitItem(reply, item).length, 0)
}

/** The events of a streamed response, numbered from 0 without a gap. */
export function responseScript(identity: Identity, reply: Reply, wire: Wire): Script {
  let number = 0
  const frame = ([type, rest]: Event): Frame => ({ event: type, data: JSON.stringify({ type, ...rest, sequence_number: number++ }) })
  const items = itemsOf(identity, reply)
  const response = responseOf(identity, { status: 'in_progress', output: [], usage: null })
  return {
    opening: () => ['response.created', 'response.in_progress'].map(type => frame([type, { response }])),
    pieces: piecesOfResponse(identity, reply),
    * content() {
      for (const [index, item] of items.entries()) {
        const { before, piece, after } = stagesOf(item, index)
        const pieces = splitItem(reply, item)
        for (const [place, delta] of pieces.entries()) {
          yield [...(place === 0 ? before : []), piece(delta), ...(place === pieces.length - 1 ? after : [])].map(frame)
        }
      }
    },
    * closing() {
      const { event, response } = finalResponse(identity, reply, reportedResponsesUsage(reply, wire))
      yield frame([event, { response }])
    },
    failure: () => [
      frame(['error', { ...breakdown, param: null }]),
      frame(['response.failed', { response: failedResponse(identity) }]),
    ],
    broken: { event: 'response.output_text.delta', data: '{"type":"response.output_text.delta","delta":"half a fr' },
  }
}

/** A response that broke down: HTTP 200, and no usage. */
export function failedResponse(identity: Identity): object {
  return responseOf(identity, { status: 'failed', output: [], usage: null, error: breakdown })
}
