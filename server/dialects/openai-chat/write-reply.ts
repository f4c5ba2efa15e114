import { writeDataUrl } from '../data-url'
import { LEGACY } from '../left-behind'
import { writeLogprobs } from '../logprobs'
import type { AnswerContext, Block, Citation, NeutralChoice, NeutralReply, TextBlock, TokenLogprob, ToolCallBlock } from '../neutral'
import { showSignature } from '../signatures'
import { writeUsage } from './usage'
import { callExtra, writeDetail, writeFinish, writeTextDetail } from './wire'
import type { Wire } from './wire'

/** A whole answer for a client: https://platform.openai.com/docs/api-reference/chat/object */
export function writeNeutralReply(reply: NeutralReply, context: AnswerContext): Uint8Array {
  return Buffer.from(JSON.stringify({
    id: `chatcmpl-${context.requestId}`,
    object: 'chat.completion',
    created: context.created,
    model: context.model,
    choices: reply.choices.map((choice, index) => writeChoice(choice, index, isLegacy(context))),
    ...(reply.usage ? { usage: writeUsage(reply.usage) } : {}),
  }))
}

/** The client asked with `functions`, the form before tools, and understands only that one. */
export function isLegacy(context: AnswerContext): boolean {
  return context.request.extra['openai-chat']?.[LEGACY] === true
}

function writeChoice(choice: NeutralChoice, index: number, legacy: boolean): Wire {
  const { blocks } = choice
  const calls = blocks.filter(block => block.type === 'tool-call')
  const texts = blocks.filter(block => block.type === 'text')
  const refusal = blocks.filter(block => block.type === 'refusal').map(block => block.text).join('')
  const content = texts.map(block => block.text).join('')
  const message = {
    role: 'assistant',
    content: content || (calls.length > 0 || refusal ? null : ''),
    refusal: refusal || null,
    ...writeReasoning(blocks),
    ...writeCalls(calls, legacy),
    ...writeAnnotations(texts),
    ...writePictures(blocks),
  }
  const tokens = texts.flatMap(block => block.logprobs ?? [])
  const logprobs = tokens.length > 0 ? writeChoiceLogprobs(tokens) : null
  return { index, message, logprobs, finish_reason: writeFinish(choice.finish, { tool: calls.length > 0, refusal: refusal !== '', legacy }) }
}

/** `logprobs` of a choice, or of a chunk's. */
export function writeChoiceLogprobs(tokens: TokenLogprob[]): Wire {
  return { content: writeLogprobs(tokens), refusal: null }
}

function writeReasoning(blocks: Block[]): Wire {
  const reasoning = blocks.filter(block => block.type === 'reasoning')
  const text = reasoning.map(block => block.text).filter(words => words !== '').join('\n\n')
  const details: Wire[] = []
  for (const block of blocks) {
    if (block.type === 'text' && block.signature) details.push(writeTextDetail(block.signature, details.length))
    const detail = block.type === 'reasoning' ? writeDetail(block, details.length) : undefined
    if (detail) details.push(detail)
  }
  return { ...(text ? { reasoning_content: text } : {}), ...(details.length > 0 ? { reasoning_details: details } : {}) }
}

function writeCalls(calls: ToolCallBlock[], legacy: boolean): Wire {
  const [first] = calls
  if (!first) return {}
  if (legacy) return { function_call: { name: first.name, arguments: first.args || '{}' } }
  return {
    tool_calls: calls.map(({ id, name, args, signature }) => ({
      id,
      type: 'function',
      function: { name, arguments: args || '{}' },
      ...(signature ? callExtra(showSignature(signature, 'gemini')) : {}),
    })),
  }
}

export function writeCitation(citation: Citation, start: number, end: number): Wire {
  return { type: 'url_citation', url_citation: { url: citation.url, title: citation.title ?? citation.url, start_index: start, end_index: end } }
}

/** Each source stands for the whole text block it came with: other dialects do not say more. */
function writeAnnotations(texts: TextBlock[]): Wire {
  let start = 0
  const annotations: Wire[] = []
  for (const { text, citations } of texts) {
    for (const citation of citations ?? []) annotations.push(writeCitation(citation, start, start + text.length))
    start += text.length
  }
  return annotations.length > 0 ? { annotations } : {}
}

/** Pictures have no field of the vendor's; OpenRouter's is what clients know. */
function writePictures(blocks: Block[]): Wire {
  const images = blocks.flatMap(block => block.type === 'media' && block.data !== undefined ? [writePicture(block.mime ?? 'image/png', block.data)] : [])
  return images.length > 0 ? { images } : {}
}

export function writePicture(mime: string, data: string): Wire {
  return { type: 'image_url', image_url: { url: writeDataUrl(mime, data) } }
}
