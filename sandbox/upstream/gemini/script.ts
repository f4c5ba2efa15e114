import type { Reply } from '../reply.ts'
import { splitFor } from '../reply.ts'
import type { Wire } from '../scenarios.ts'
import type { Frame, Framing, Script } from '../script.ts'
import { eventFraming } from '../script.ts'
import { tokensIn } from '../tokens.ts'
import { sign } from '../vendor.ts'
import { callSignature } from './contents.ts'
import { geminiError } from './errors.ts'
import { usageAfter } from './usage.ts'

/** What every chunk of one answer carries. */
export interface Identity {
  responseId: string
  modelVersion: string
  /** Thoughts are counted and not sent. */
  hidesThoughts: boolean
}

export const midwayError = geminiError(500, 'The sandbox broke down while it was answering.')

/** Gemini ends its lines with CRLF, always. */
export const geminiEvents: Framing = {
  ...eventFraming,
  type: 'text/event-stream',
  frame: (frame, crlf) => crlf ? eventFraming.frame(frame, true) : `data: ${frame.data}\r\n\r\n`,
}

/** What a stream is without `alt=sse`: one JSON array, sent piece by piece. */
export const geminiArray: Framing = {
  type: 'application/json; charset=UTF-8',
  first: '[',
  between: ',\r\n',
  last: ']',
  frame: ({ data }, crlf) => crlf ? `\r\n\r\n${data}\r\n` : `${data}\n`,
}

/** One part and how many tokens it brings. A call is whole: arguments are never sent in pieces. */
interface Part {
  part: object
  tokens: number
}

function partsOf(reply: Reply, hidesThoughts: boolean, split: (text: string) => string[]): Part[] {
  const inPieces = (text: string, rest: object): Part[] => split(text).map(piece => ({ part: { text: piece, ...rest }, tokens: tokensIn(piece) }))
  return [
    ...(hidesThoughts ? [] : inPieces(reply.reasoning, { thought: true })),
    ...inPieces(reply.text, {}),
    ...reply.toolCalls.flatMap(({ function: { name, arguments: json } }, index): Part[] => {
      const args = parsed(json)
      if (args === undefined) return []
      // Of calls made at once only the first is signed.
      return [{ part: { functionCall: { name, args }, ...(index === 0 && { thoughtSignature: callSignature(name) }) }, tokens: tokensIn(name) + tokensIn(json) }]
    }),
  ]
}

/** A limit may cut the arguments; then there is no call. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  }
  catch {
    return undefined
  }
}

const finishReasons = { stop: 'STOP', length: 'MAX_TOKENS', tool_calls: 'STOP', content_filter: 'SAFETY' }

function textSignature(reply: Reply): object {
  return reply.reasoning === '' ? {} : { thoughtSignature: sign('gemini text', reply.text) }
}

/** The body of a reply that is not streamed. */
export function wholeContent(identity: Identity, reply: Reply, wire: Wire): object {
  const parts = partsOf(reply, identity.hidesThoughts, text => text === '' ? [] : [text]).map(({ part }) => part)
  const last = parts.at(-1)
  if (last && reply.toolCalls.length === 0) Object.assign(last, textSignature(reply))
  const content = { ...(parts.length > 0 && { parts }), role: 'model' }
  const usage = usageAfter(reply, wire, reply.completionTokens)
  return { ...answer(reply, () => ({ content, finishReason: finishReasons[reply.finishReason] })), ...tail(identity, usage) }
}

export function piecesOfContent(identity: Identity, reply: Reply): number {
  return partsOf(reply, identity.hidesThoughts, text => splitFor(reply, text)).length
}

/** The candidates, or that the prompt was blocked, in which case there are none. */
function answer(reply: Reply, candidate: () => object): object {
  if (reply.refusal !== '') return { promptFeedback: { blockReason: 'PROHIBITED_CONTENT', blockReasonMessage: reply.refusal } }
  return { candidates: Array.from({ length: reply.choices }, (_, index) => ({ ...candidate(), index })) }
}

function tail({ modelVersion, responseId }: Identity, usageMetadata: object | undefined): object {
  return { usageMetadata, modelVersion, responseId }
}

/** The chunks of a stream. The reason of the end comes in a chunk of its own, after the last word or call. */
export function contentScript(identity: Identity, reply: Reply, wire: Wire): Script {
  const parts = partsOf(reply, identity.hidesThoughts, text => splitFor(reply, text))
  let sent = identity.hidesThoughts ? reply.reasoningTokens : 0
  const frame = (value: object, last: boolean): Frame => {
    const usage = wire.usageIn === 'finish-chunk' && !last ? undefined : usageAfter(reply, wire, last ? reply.completionTokens : sent)
    return { data: JSON.stringify({ ...value, ...tail(identity, usage) }) }
  }
  return {
    opening: () => [],
    pieces: parts.length,
    * content() {
      for (const { part, tokens } of parts) {
        sent += tokens * reply.choices
        yield [frame(answer(reply, () => ({ content: { parts: [part], role: 'model' } })), false)]
      }
    },
    * closing() {
      const content = { parts: [{ text: '', ...(reply.toolCalls.length === 0 && textSignature(reply)) }], role: 'model' }
      yield frame(answer(reply, () => ({ content, finishReason: finishReasons[reply.finishReason] })), true)
    },
    failure: () => [{ data: JSON.stringify(midwayError) }],
    broken: { data: '{"candidates":[{"content":{"parts":[{"text":"half a fr' },
  }
}
