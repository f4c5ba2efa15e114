import { AppError } from '#server/errors/app-error'
import type { Finish, NeutralEvent, Signature, StreamReader } from '../neutral'
import { mintToolId } from '../tool-ids'
import { finishOf, readCitations, readLogprobs, readMedia } from './read-reply'
import { createUsageTally } from './usage'
import type { UsageTally } from './usage'
import { parseResponse, readSignature } from './wire'
import type { WireCandidate, WireFunctionCall, WirePart, WireResponse } from './wire'

type Kind = 'text' | 'reasoning'

/** Everything a chunk must know of those before it. */
interface ReaderState {
  started: boolean
  /** The block that grows; calls come whole and are never open. */
  open: { index: number, kind: Kind } | undefined
  next: number
  /** Numbers of blocks that are text. */
  texts: Set<number>
  sawCall: boolean
  /** A call whose arguments come in pieces. */
  growing: { id: string, name: string, args: Record<string, unknown>, signature: Signature | undefined } | undefined
  finish: Finish | undefined
  cited: Set<string>
  usage: UsageTally
  saidUsage: string
}

/**
 * Chunks of an upstream as neutral events: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 * A finish reason is not the end, text may follow it: the finish is told when the body ends. Only the first candidate
 * counts, more are never asked for.
 */
export function createStreamReader(): StreamReader {
  const state: ReaderState = { started: false, open: undefined, next: 0, texts: new Set(), sawCall: false, growing: undefined, finish: undefined, cited: new Set(), usage: createUsageTally(), saidUsage: '' }

  function read(data: string): NeutralEvent[] {
    if (data.trim() === '[DONE]') return []
    const chunk = parseResponse(data)
    if (!chunk) throw new AppError('upstream_malformed')
    if (chunk.error != null) throw new AppError('upstream_cut', {}, { cause: chunk.error })
    return [
      ...start(state, chunk),
      ...readUsageOf(state, chunk),
      ...(chunk.candidates ?? []).filter(({ index }) => (index ?? 0) === 0).flatMap(candidate => readCandidate(state, candidate)),
    ]
  }

  /** Whether the body broke off is for the meter to say: without a finish reason this one ends as if all was well. */
  function end(): NeutralEvent[] {
    const closing = [...closeOpen(state), ...endCall(state)]
    // A call may come behind the chunk with the finish reason.
    const finish = state.finish !== undefined && state.finish !== 'stop' ? state.finish : finishOf(undefined, state.sawCall)
    return [...closing, { type: 'finish', finish, stopSequence: undefined }]
  }

  return { read, end }
}

function start(state: ReaderState, { responseId, modelVersion, promptFeedback }: WireResponse): NeutralEvent[] {
  if (promptFeedback?.blockReason) state.finish = 'filtered'
  if (state.started) return []
  state.started = true
  return [{ type: 'start', id: responseId ?? undefined, model: modelVersion ?? undefined }]
}

function readUsageOf(state: ReaderState, { usageMetadata }: WireResponse): NeutralEvent[] {
  if (usageMetadata == null) return []
  state.usage.add(usageMetadata)
  const usage = state.usage.read()?.usage
  const said = JSON.stringify(usage)
  if (!usage || said === state.saidUsage) return []
  state.saidUsage = said
  return [{ type: 'usage', usage }]
}

function readCandidate(state: ReaderState, candidate: WireCandidate): NeutralEvent[] {
  const events = (candidate.content?.parts ?? []).flatMap(part => readPart(state, part))
  addLogprobs(state, events, candidate)
  events.push(...cite(state, candidate))
  if (candidate.finishReason) state.finish = finishOf(candidate.finishReason, state.sawCall)
  return events
}

/** A chunk tells the tokens of its own text. */
function addLogprobs(state: ReaderState, events: NeutralEvent[], candidate: WireCandidate): void {
  const logprobs = readLogprobs(candidate)
  const said = events.find(event => event.type === 'block-delta' && state.texts.has(event.index))
  if (logprobs.length > 0 && said?.type === 'block-delta') said.logprobs = logprobs
}

/** By what a part carries; the first that fits reads it, and what fits none is a hosted tool's own affair. */
const parts: [fits: (part: WirePart) => boolean, read: (state: ReaderState, part: WirePart) => NeutralEvent[]][] = [
  [({ functionCall }) => functionCall != null, readCall],
  [({ inlineData }) => inlineData?.data != null, readPicture],
  [({ text, thoughtSignature }) => text != null || thoughtSignature != null, readText],
]

function readPart(state: ReaderState, part: WirePart): NeutralEvent[] {
  return parts.find(([fits]) => fits(part))?.[1](state, part) ?? []
}

function readText(state: ReaderState, part: WirePart): NeutralEvent[] {
  const kind = part.thought ? 'reasoning' : 'text'
  const signed = readSignature(part.thoughtSignature)
  if (!part.text && !signed) return []
  const events = state.open?.kind === kind ? [] : openBlock(state, kind)
  const index = state.open?.index ?? 0
  if (part.text) events.push({ type: 'block-delta', index, text: part.text })
  if (!signed) return events
  // What comes behind a signature is not covered by it: it belongs to the next block.
  return [...events, { type: 'block-signature', index, signature: signed.signature }, ...closeOpen(state)]
}

function readPicture(state: ReaderState, part: WirePart): NeutralEvent[] {
  const media = readMedia(part)
  if (!media) return []
  const data = media.data ?? Buffer.from(media.text ?? '').toString('base64')
  return [...closeOpen(state), { type: 'media', index: state.next++, mime: media.mime ?? 'application/octet-stream', data }]
}

/** Calls come whole; on Vertex they may be asked for in pieces, which end with a call that does not go on. */
function readCall(state: ReaderState, part: WirePart): NeutralEvent[] {
  const call: WireFunctionCall = part.functionCall ?? {}
  const events: NeutralEvent[] = []
  if (call.name) {
    events.push(...closeOpen(state), ...endCall(state))
    state.growing = { id: call.id || mintToolId(), name: call.name, args: { ...call.args }, signature: readSignature(part.thoughtSignature)?.signature }
  }
  for (const piece of call.partialArgs ?? []) if (state.growing && piece.jsonPath) setAtPath(state.growing.args, piece.jsonPath, piece)
  return call.willContinue ? events : [...events, ...endCall(state)]
}

function endCall(state: ReaderState): NeutralEvent[] {
  if (!state.growing) return []
  const { id, name, args, signature } = state.growing
  const index = state.next++
  state.growing = undefined
  state.sawCall = true
  return [
    { type: 'block-start', index, kind: 'tool-call', id, name },
    { type: 'block-delta', index, text: JSON.stringify(args) },
    ...(signature ? [{ type: 'block-signature', index, signature } as const] : []),
    { type: 'block-end', index },
  ]
}

function openBlock(state: ReaderState, kind: Kind): NeutralEvent[] {
  const closing = closeOpen(state)
  state.open = { index: state.next++, kind }
  if (kind === 'text') state.texts.add(state.open.index)
  return [...closing, { type: 'block-start', index: state.open.index, kind }]
}

function closeOpen(state: ReaderState): NeutralEvent[] {
  if (!state.open) return []
  const { index } = state.open
  state.open = undefined
  return [{ type: 'block-end', index }]
}

/** Sources of the open text, each once: chunks repeat them. */
function cite(state: ReaderState, candidate: WireCandidate): NeutralEvent[] {
  const { open } = state
  if (open?.kind !== 'text') return []
  return readCitations(candidate).filter(({ url }) => !state.cited.has(url) && state.cited.add(url))
    .map(citation => ({ type: 'block-citation', index: open.index, citation }))
}

/** As deep as protobuf goes. */
const PATH_MAX = 100

type Node = Record<string, unknown> | unknown[]

/** Sets one value at a path such as `$.days[0].name`; a piece of a text is added to what stands there. */
function setAtPath(root: Record<string, unknown>, path: string, piece: Record<string, unknown>): void {
  const steps = [...path.matchAll(/\.([^.[\]]+)|\[(\d{1,4})\]|\['([^']*)'\]/g)].map(([, name, at, quoted]) => at === undefined ? name ?? quoted ?? '' : Number(at))
  const last = steps.pop()
  if (last === undefined || steps.length > PATH_MAX) return
  let node: Node = root
  steps.forEach((step, depth) => {
    const inside: unknown = own(node, step)
    const next: Node = typeof inside === 'object' && inside !== null ? inside as Node : typeof (steps[depth + 1] ?? last) === 'number' ? [] : {}
    put(node, step, next)
    node = next
  })
  const before = own(node, last)
  const value = piece.stringValue ?? piece.numberValue ?? piece.boolValue ?? null
  put(node, last, typeof before === 'string' && typeof value === 'string' ? before + value : value)
}

function own(node: Node, step: string | number): unknown {
  return Object.hasOwn(node, step) ? (node as Record<string | number, unknown>)[step] : undefined
}

/** Also for an argument that is called `__proto__`. */
function put(node: Node, step: string | number, value: unknown): void {
  Object.defineProperty(node, step, { value, enumerable: true, configurable: true, writable: true })
}
