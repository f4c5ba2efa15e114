import { AppError } from '#server/errors/app-error'
import { readLogprobs } from '../logprobs'
import type { Block, Citation, Finish, NeutralReply, Signature } from '../neutral'
import { readUsage } from './usage'
import type { Fields } from './wire'
import { entryOf, fieldsOf, isFields, mintCallId, parseUpstream, reasoningText, textOf, wrapCustomInput } from './wire'

/**
 * A whole response for a client of another dialect: https://platform.openai.com/docs/api-reference/responses/object
 * Throws AppError `upstream_malformed` for what cannot be read, and for an answer that failed.
 */
export function readNeutralReply(body: Uint8Array): NeutralReply {
  const response = parseResponse(body)
  const blocks = readOutput(response.output)
  return {
    id: textOf(response.id),
    model: textOf(response.model),
    choices: [{ blocks, finish: readFinish(response, kindsOf(blocks)), stopSequence: undefined }],
    usage: readUsage(response.usage)?.usage,
  }
}

/** A response that came to an end with something to read. */
export function parseResponse(body: Uint8Array): Fields {
  const response = parseUpstream(body)
  const { status, error, output } = response
  if (status === 'failed' || error != null || !Array.isArray(output)) throw new AppError('upstream_malformed', {}, { cause: error })
  return response
}

/** Items of an answer as blocks; those of hosted tools say nothing to others. */
export function readOutput(output: unknown): Block[] {
  return fieldsOf(output).flatMap(item => entryOf(itemReaders, item.type)?.(item) ?? [])
}

const itemReaders: Record<string, (item: Fields) => Block[]> = {
  message: item => fieldsOf(item.content).flatMap(readPart),
  reasoning: (item) => {
    const text = reasoningText(item)
    const signature = readSignature(item)
    if (!text && !signature) return []
    return [{ type: 'reasoning', text, ...(text ? {} : { redacted: true }), ...(signature ? { signature } : {}) }]
  },
  function_call: item => [{ type: 'tool-call', id: textOf(item.call_id) || mintCallId(), name: textOf(item.name) ?? '', args: readArgs(item) }],
  custom_tool_call: item => [{ type: 'tool-call', id: textOf(item.call_id) || mintCallId(), name: textOf(item.name) ?? '', args: wrapCustomInput(textOf(item.input) ?? '') }],
  image_generation_call: (item) => {
    const image = readImage(item)
    return image ? [{ type: 'media', media: 'image', ...image }] : []
  },
}

function readPart(part: Fields): Block[] {
  if (part.type === 'refusal') {
    const refusal = textOf(part.refusal)
    return refusal ? [{ type: 'refusal', text: refusal }] : []
  }
  const text = textOf(part.text)
  if (!text) return []
  const citations = fieldsOf(part.annotations).flatMap(annotation => readCitation(annotation) ?? [])
  const logprobs = readLogprobs(part.logprobs)
  return [{ type: 'text', text, ...(citations.length > 0 ? { citations } : {}), ...(logprobs ? { logprobs } : {}) }]
}

/** No arguments are an empty object elsewhere; those of a call that was cut stay as they are. */
function readArgs(item: Fields): string {
  return textOf(item.arguments) || (item.status === 'incomplete' ? '' : '{}')
}

/** The picture of an image item, whole. */
export function readImage(item: Fields): { mime: string, data: string } | undefined {
  const data = textOf(item.result)
  return data ? { mime: `image/${textOf(item.output_format) ?? 'png'}`, data } : undefined
}

/** Sealed reasoning is bound to the id of its item. */
export function readSignature(item: Fields): Signature | undefined {
  const value = textOf(item.encrypted_content)
  const id = textOf(item.id)
  return value ? { dialect: 'openai-responses', value, ...(id ? { item: id } : {}) } : undefined
}

/** Of the annotations only those with a URL mean something to others. */
export function readCitation(annotation: unknown): Citation | undefined {
  if (!isFields(annotation) || annotation.type !== 'url_citation' || typeof annotation.url !== 'string') return undefined
  return { url: annotation.url, title: textOf(annotation.title) }
}

/** Kinds of what was produced that decide how an answer is said to have ended. */
export interface Kinds { call: boolean, refusal: boolean }

function kindsOf(blocks: Block[]): Kinds {
  return { call: blocks.some(block => block.type === 'tool-call'), refusal: blocks.some(block => block.type === 'refusal') }
}

/** The status in neutral words; a call in a complete answer is why it ended. */
export function readFinish(response: Fields, kinds: Kinds): Finish {
  if (response.status === 'incomplete') {
    const reason = isFields(response.incomplete_details) ? response.incomplete_details.reason : undefined
    return reason === 'content_filter' ? 'filtered' : 'length'
  }
  if (kinds.call) return 'tool-calls'
  return kinds.refusal ? 'refusal' : 'stop'
}
