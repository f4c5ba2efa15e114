import type { Quirks } from '#shared/schemas/quirks'
import { AppError } from '#server/errors/app-error'
import { readDataUrl } from '../data-url'
import { readLogprobs } from '../logprobs'
import type { Block, Citation, NeutralChoice, NeutralReply, TextBlock, TokenLogprob } from '../neutral'
import { mintToolId } from '../tool-ids'
import { readUsage } from './usage'
import { errorIn, filled, parseUpstream, piecesOfContent, plainSignature, readArguments, readCallSignature, readFinish, readReasoning, recordOf, recordsOf, reportedUsage, textOf } from './wire'
import type { Wire } from './wire'

/**
 * A whole answer: https://platform.openai.com/docs/api-reference/chat/object
 * Throws AppError `upstream_malformed` for what is none, `upstream_cut` for one that broke off.
 */
export function readNeutralReply(body: Uint8Array, quirks?: Quirks): NeutralReply {
  const answer = parseUpstream(body)
  const choices = recordsOf(answer.choices)
  if (errorIn(answer) !== undefined || choices.length === 0) throw new AppError('upstream_malformed', {}, { cause: new Error('no choices') })
  return {
    id: filled(answer.id),
    model: filled(answer.model),
    choices: choices.map(readChoice),
    usage: readUsage(reportedUsage(answer), quirks)?.usage,
  }
}

function readChoice(choice: Wire): NeutralChoice {
  const message = recordOf(choice.message)
  const blocks: Block[] = [...reasoningBlocks(message), ...contentBlocks(message, readLogprobs(recordOf(choice.logprobs).content)), ...callBlocks(message)]
  const seen = { tool: blocks.some(block => block.type === 'tool-call'), refusal: blocks.some(block => block.type === 'refusal') }
  return { blocks, finish: readFinish(choice.finish_reason, seen), stopSequence: undefined }
}

function reasoningBlocks(message: Wire): Block[] {
  const { blocks } = readReasoning(message, plainSignature)
  const inside = piecesOfContent(message.content).filter(piece => piece.kind === 'reasoning').map(piece => piece.text).join('')
  return inside ? [...blocks, { type: 'reasoning', text: inside }] : blocks
}

function contentBlocks(message: Wire, logprobs: TokenLogprob[] | undefined): Block[] {
  const pieces = piecesOfContent(message.content)
  const joined = (kind: string): string => pieces.filter(piece => piece.kind === kind).map(piece => piece.text).join('')
  const citations = recordsOf(message.annotations).flatMap(readCitation)
  const text = joined('text') || textOf(recordOf(message.audio).transcript)
  const refusal = joined('refusal') + textOf(message.refusal)
  const blocks: Block[] = []
  if (text) blocks.push({ type: 'text', text, ...(citations.length > 0 ? { citations } : {}), ...(logprobs ? { logprobs } : {}) } satisfies TextBlock)
  for (const { mime, data } of picturesOf(message)) blocks.push({ type: 'media', media: 'image', mime, data })
  if (refusal) blocks.push({ type: 'refusal', text: refusal })
  return blocks
}

/** Pictures a model made, as OpenRouter sends them; those that are only a URL cannot be carried. */
export function picturesOf(message: Wire): { mime: string, data: string }[] {
  return recordsOf(message.images).flatMap((image) => {
    const inline = readDataUrl(textOf(recordOf(image.image_url).url))
    return inline ? [{ mime: inline.mime ?? 'image/png', data: inline.data }] : []
  })
}

export function readCitation(annotation: Wire): Citation[] {
  const cited = recordOf(annotation.url_citation)
  const url = filled(cited.url)
  return url === undefined ? [] : [{ url, title: filled(cited.title) }]
}

function callBlocks(message: Wire): Block[] {
  const legacy = recordOf(message.function_call)
  const calls = recordsOf(message.tool_calls)
  if (filled(legacy.name) && calls.length === 0) calls.push({ function: legacy })
  // Google's endpoint signed the message before it signed calls; the first call is where such a proof belongs.
  const ofMessage = readCallSignature(message, 'openai-chat')
  return calls.map((call, index) => {
    const called = recordOf(call.function)
    const name = filled(called.name)
    if (name === undefined) throw new AppError('upstream_malformed', {}, { cause: new Error('a tool call without a name') })
    const signature = readCallSignature(call, 'openai-chat') ?? (index === 0 ? ofMessage : undefined)
    return { type: 'tool-call', id: filled(call.id) ?? mintToolId(), name, args: readArguments(called.arguments) || '{}', ...(signature ? { signature } : {}) }
  })
}
