import { AppError } from '#server/errors/app-error'
import { sniffMime, standardBase64 } from '../data-url'
import type { Block, Citation, Finish, MediaBlock, NeutralChoice, NeutralReply, TokenChance, TokenLogprob } from '../neutral'
import { mintToolId } from '../tool-ids'
import { readUsage } from './usage'
import { mediaKindOf, parseResponse, readSignature, textOf } from './wire'
import type { WireCandidate, WireChance, WireFunctionCall, WirePart } from './wire'

/**
 * A whole answer of an upstream. Throws AppError upstream_malformed for what is none, upstream_cut when the model broke
 * off in a call it could not write: an empty success would hide that.
 */
export function readNeutralReply(body: Uint8Array): NeutralReply {
  const response = parseResponse(textOf(body))
  if (!response || response.error != null) throw new AppError('upstream_malformed')
  const { candidates, promptFeedback, responseId, modelVersion, usageMetadata } = response
  if (!candidates?.length && !promptFeedback?.blockReason) throw new AppError('upstream_malformed')
  const blocked: NeutralChoice = { blocks: [], finish: 'filtered', stopSequence: undefined }
  return {
    id: responseId ?? undefined,
    model: modelVersion ?? undefined,
    choices: candidates?.length ? candidates.map(readChoice) : [blocked],
    usage: readUsage(usageMetadata)?.usage,
  }
}

function readChoice(candidate: WireCandidate): NeutralChoice {
  const blocks = readModelParts(candidate.content?.parts ?? [], mintToolId)
  const citations = readCitations(candidate)
  const text = blocks.findLast(block => block.type === 'text')
  if (text && citations.length > 0) text.citations = citations
  const logprobs = readLogprobs(candidate)
  if (text && logprobs.length > 0) text.logprobs = logprobs
  return { blocks, finish: finishOf(candidate.finishReason, blocks.some(({ type }) => type === 'tool-call')), stopSequence: undefined }
}

/** Reasons without a row of their own end an answer like `STOP`. */
const finishes: Record<string, Finish> = {
  MAX_TOKENS: 'length',
  CONTINUATION: 'length',
  SAFETY: 'filtered',
  RECITATION: 'filtered',
  LANGUAGE: 'filtered',
  BLOCKLIST: 'filtered',
  PROHIBITED_CONTENT: 'filtered',
  SPII: 'filtered',
  MODEL_ARMOR: 'filtered',
  IMAGE_SAFETY: 'filtered',
  IMAGE_PROHIBITED_CONTENT: 'filtered',
  IMAGE_RECITATION: 'filtered',
}
const BROKEN_CALLS = new Set(['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS'])

/**
 * Gemini never says "tool calls": whoever saw a call knows. Throws AppError upstream_cut for a call the model broke.
 * https://ai.google.dev/api/generate-content#FinishReason
 */
export function finishOf(reason: string | null | undefined, sawCall: boolean): Finish {
  if (reason && BROKEN_CALLS.has(reason)) throw new AppError('upstream_cut')
  return (reason ? finishes[reason] : undefined) ?? (sawCall ? 'tool-calls' : 'stop')
}

/** Tokens of the candidate's text: https://ai.google.dev/api/generate-content#LogprobsResult */
export function readLogprobs({ logprobsResult }: WireCandidate): TokenLogprob[] {
  const read = (chances: WireChance[] | null | undefined): TokenChance[] => (chances ?? []).flatMap(({ token, logProbability }) => typeof token === 'string' ? [{ token, logprob: logProbability ?? 0 }] : [])
  return read(logprobsResult?.chosenCandidates).map((chosen, index) => ({ ...chosen, top: read(logprobsResult?.topCandidates?.[index]?.candidates) }))
}

/** Where the answer comes from, as far as it has an address. */
export function readCitations({ groundingMetadata, citationMetadata }: WireCandidate): Citation[] {
  const sources = [...(groundingMetadata?.groundingChunks ?? []).map(({ web }) => web), ...(citationMetadata?.citationSources ?? [])]
  return sources.flatMap(source => source?.uri ? [{ url: source.uri, title: source.title ?? undefined }] : [])
}

/**
 * Parts of the model's turn as blocks, in an answer as in a history. Neighbouring texts are one block up to a signature,
 * for a client that streamed them sends them back in pieces. `mint` names calls that came without an id.
 */
export function readModelParts(parts: WirePart[], mint: (index: number, name: string) => string): Block[] {
  const blocks: Block[] = []
  let calls = 0
  for (const part of parts) {
    const signed = readSignature(part.thoughtSignature)
    const media = readMedia(part)
    if (part.functionCall?.name) {
      blocks.push(readCall(part.functionCall, () => mint(calls, part.functionCall?.name ?? ''), signed))
      calls++
    }
    else if (media) blocks.push(media)
    else if (part.text || signed) addText(blocks, part, signed)
  }
  return blocks
}

type Signed = ReturnType<typeof readSignature>

function readCall({ id, name, args }: WireFunctionCall, mint: () => string, signed: Signed): Block {
  return { type: 'tool-call', id: id || mint(), name: name ?? '', args: JSON.stringify(args ?? {}), ...(signed ? { signature: signed.signature } : {}) }
}

function addText(blocks: Block[], { text, thought }: WirePart, signed: Signed): void {
  const last = blocks.at(-1)
  const type = thought ? 'reasoning' : 'text'
  const { signature, redacted } = signed ?? {}
  if (last?.type === type && !last.signature && !redacted) {
    last.text += text ?? ''
    if (signature) last.signature = signature
    return
  }
  const signedBlock = signature ? { signature } : {}
  blocks.push(thought
    ? { type: 'reasoning', text: text ?? '', ...(redacted ? { redacted } : {}), ...signedBlock }
    : { type: 'text', text: text ?? '', ...signedBlock })
}

/** Inline data or the address of a file; undefined for a part that is neither. Text files become text. */
export function readMedia({ inlineData, fileData }: Pick<WirePart, 'inlineData' | 'fileData'>): MediaBlock | undefined {
  if (inlineData?.data) {
    const data = standardBase64(inlineData.data)
    const mime = inlineData.mimeType ?? sniffMime(data)
    if (mime?.startsWith('text/')) return { type: 'media', media: 'document', mime, text: Buffer.from(data, 'base64').toString('utf8') }
    return { type: 'media', media: mediaKindOf(mime), mime, data }
  }
  if (!fileData?.fileUri) return undefined
  const video = /^https?:\/\/(?:www\.)?(?:youtube\.com|youtu\.be)\//.test(fileData.fileUri)
  return { type: 'media', media: video ? 'video' : mediaKindOf(fileData.mimeType ?? undefined), mime: fileData.mimeType ?? undefined, url: fileData.fileUri }
}
