import type { AnswerContext, Block, NeutralReply, Signature } from '../neutral'
import { showSignature, wrapSignature } from '../signatures'
import { writeUsage } from './usage'
import { argsToInput, writeCitation, writeFinish } from './wire'
import type { Json } from './wire'

/** A whole answer as bytes: https://docs.anthropic.com/en/api/messages. The first choice is the only one. */
export function writeNeutralReply(reply: NeutralReply, context: AnswerContext): Uint8Array {
  const choice = reply.choices[0]
  const blocks = choice?.blocks ?? []
  const saw = { tool: blocks.some(block => block.type === 'tool-call'), refusal: blocks.some(block => block.type === 'refusal') }
  return Buffer.from(JSON.stringify({
    id: messageId(context.requestId),
    type: 'message',
    role: 'assistant',
    model: context.model,
    content: blocks.flatMap(writeBlock),
    ...writeFinish(choice?.finish ?? 'stop', choice?.stopSequence, saw),
    usage: writeUsage(reply.usage ?? {}),
  }))
}

/** Ids of messages begin with `msg_`, whatever Vapor's own look like. */
export function messageId(requestId: string): string {
  return `msg_${requestId.replace(/^req_/, '').replace(/[^\w-]/g, '')}`
}

/** Text of refusals stands in the content like any other: clients show it. */
function writeBlock(block: Block): Json[] {
  switch (block.type) {
    case 'text': return [...writeText(block.text, block.citations?.map(writeCitation)), ...(block.signature ? [signatureCarrier(block.signature, TEXT_ITEM)] : [])]
    case 'refusal': return writeText(block.text)
    case 'reasoning': return writeReasoning(block.text, block.redacted ?? false, block.signature)
    case 'tool-call': return [
      { type: 'tool_use', id: block.id, name: block.name, input: argsToInput(block.args) },
      ...(block.signature ? [signatureCarrier(block.signature, block.id)] : []),
    ]
    case 'media': return writeText(mediaText(block.mime, block.data, block.url))
    case 'tool-result': return []
  }
}

/** Empty text is left out: the vendor would refuse it when the client sends it back. */
function writeText(text: string, citations: Json[] = []): Json[] {
  return text ? [{ type: 'text', text, ...(citations.length > 0 ? { citations } : {}) }] : []
}

function writeReasoning(text: string, redacted: boolean, signature: Signature | undefined): Json[] {
  if (redacted && signature) return [{ type: 'redacted_thinking', data: showSignature(signature, 'anthropic') }]
  if (!text && !signature) return []
  return [{ type: 'thinking', thinking: text, signature: signature ? showSignature(signature, 'anthropic') : UNSIGNED }]
}

/**
 * Stands where another dialect's reasoning has no signature, so that it is known for foreign when it comes back: the
 * vendor verifies signatures, and an empty one of its own would be refused.
 */
export const UNSIGNED = wrapSignature({ dialect: 'openai-chat', value: '' })
/** What a carried signature is bound to when it is text. */
export const TEXT_ITEM = 'text'

/**
 * A signature this dialect has no place for (Gemini signs calls and text) travels in a block of its own that no client
 * shows, bound to the call's id, and is put back in its place when it returns.
 */
export function signatureCarrier(signature: Signature, item: string): Json & { type: string } {
  return { type: 'redacted_thinking', data: wrapSignature({ ...signature, item }) }
}

/** This dialect's answers have no pictures; Markdown is what its clients can show. */
export function mediaText(mime: string | undefined, data: string | undefined, url: string | undefined): string {
  const target = data === undefined ? url : `data:${mime ?? 'application/octet-stream'};base64,${data}`
  return target === undefined ? '' : `![${mime ?? 'file'}](${target})`
}
