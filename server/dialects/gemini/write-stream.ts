import type { ClientRequest } from '../dialect'
import { closeJsonArray, openJsonArray } from '../json-array'
import type { AnswerContext, Citation, Finish, NeutralEvent, Signature, StreamWriter } from '../neutral'
import { createSequence } from '../sequence'
import type { Usage } from '#shared/schemas/price'
import { writeChunk } from './upstream'
import { writeUsage } from './usage'
import { argsObject, writeSignature } from './wire'
import { writeFinish, writeGrounding, writeLogprobs } from './write-reply'

type Part = Record<string, unknown>

/** A block that is being told. A call waits here until it is whole. */
interface OpenBlock { kind: 'text' | 'reasoning' | 'refusal' | 'tool-call', id: string, name: string, args: string, signature: Signature | undefined }

interface WriterState {
  blocks: Map<number, OpenBlock>
  citations: Citation[]
  usage: Usage | undefined
  finish: Finish | undefined
}

/**
 * Neutral events as chunks for a client: one a piece of text, one a whole call, the finish reason with the usage in the
 * last. Nothing is written before there is content, so that another channel may still be tried.
 */
export function createStreamWriter(request: ClientRequest, context: AnswerContext): StreamWriter {
  const state: WriterState = { blocks: new Map(), citations: [], usage: undefined, finish: undefined }
  const sequence = createSequence()
  if (request.jsonArray) openJsonArray(request)

  function chunk(parts: Part[], rest: Record<string, unknown>, isContent: boolean): Uint8Array {
    return writeChunk(request, {
      candidates: [{ content: { role: 'model', parts }, ...rest, index: 0 }],
      ...(state.usage ? { usageMetadata: writeUsage(state.usage) } : {}),
      modelVersion: context.model,
      responseId: context.requestId,
    }, isContent)
  }

  function write(event: NeutralEvent): Uint8Array {
    return Buffer.concat(sequence(event).flatMap((ordered) => {
      const logprobs = ordered.type === 'block-delta' ? writeLogprobs(ordered.logprobs ?? []) : {}
      return partsOf(state, ordered).map(part => chunk([part], logprobs, true))
    }))
  }

  function end(): Uint8Array {
    const last = state.finish === undefined
      ? []
      : [chunk([{ text: '' }], { finishReason: writeFinish(state.finish), ...writeGrounding(state.citations) }, true)]
    return Buffer.concat([...last, ...(request.jsonArray ? [closeJsonArray(request)] : [])])
  }

  return { write, end }
}

type Write<Type extends NeutralEvent['type']> = (state: WriterState, event: Extract<NeutralEvent, { type: Type }>) => Part[]

const writers: { [Type in NeutralEvent['type']]: Write<Type> } = {
  'start': () => [],
  'block-start': (state, event) => {
    const call = event.kind === 'tool-call' ? event : { id: '', name: '' }
    state.blocks.set(event.index, { kind: event.kind, id: call.id, name: call.name, args: '', signature: undefined })
    return []
  },
  'block-delta': writeDelta,
  'block-signature': writeSigned,
  'block-citation': (state, { citation }) => {
    state.citations.push(citation)
    return []
  },
  'block-end': writeCall,
  'media': (_, { mime, data }) => [{ inlineData: { mimeType: mime, data } }],
  'usage': (state, { usage }) => {
    state.usage = usage
    return []
  },
  'finish': (state, { finish }) => {
    state.finish = finish
    return []
  },
}

function partsOf(state: WriterState, event: NeutralEvent): Part[] {
  return (writers[event.type] as Write<typeof event.type>)(state, event)
}

function writeDelta(state: WriterState, { index, text }: Extract<NeutralEvent, { type: 'block-delta' }>): Part[] {
  const block = state.blocks.get(index)
  if (!block) return []
  if (block.kind === 'tool-call') {
    block.args += text
    return []
  }
  return text ? [{ text, ...(block.kind === 'reasoning' ? { thought: true } : {}) }] : []
}

/** Of a text it follows as an empty one, as Google itself sends it; of a call it waits for the call. */
function writeSigned(state: WriterState, { index, signature, redacted }: Extract<NeutralEvent, { type: 'block-signature' }>): Part[] {
  const block = state.blocks.get(index)
  if (!block) return []
  if (block.kind === 'tool-call') {
    block.signature = signature
    return []
  }
  return [{ text: '', ...(block.kind === 'reasoning' ? { thought: true } : {}), thoughtSignature: writeSignature(signature, redacted) }]
}

function writeCall(state: WriterState, { index }: Extract<NeutralEvent, { type: 'block-end' }>): Part[] {
  const block = state.blocks.get(index)
  state.blocks.delete(index)
  if (block?.kind !== 'tool-call') return []
  const { id, name, args, signature } = block
  return [{ functionCall: { id, name, args: argsObject(args) }, ...(signature ? { thoughtSignature: writeSignature(signature) } : {}) }]
}
