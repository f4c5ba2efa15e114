import type { AnswerContext, Block, Citation, Finish, NeutralChoice, NeutralReply, TokenChance, TokenLogprob } from '../neutral'
import { writeUsage } from './usage'
import { argsObject, writeSignature } from './wire'

const reasons: Record<Finish, string> = {
  'stop': 'STOP',
  'stop-sequence': 'STOP',
  'tool-calls': 'STOP',
  'length': 'MAX_TOKENS',
  'filtered': 'SAFETY',
  'refusal': 'SAFETY',
}

export function writeFinish(finish: Finish): string {
  return reasons[finish]
}

/** A whole answer for a client: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse */
export function writeNeutralReply(reply: NeutralReply, context: AnswerContext): Uint8Array {
  return Buffer.from(JSON.stringify({
    candidates: reply.choices.map(writeChoice),
    ...(reply.usage ? { usageMetadata: writeUsage(reply.usage) } : {}),
    modelVersion: context.model,
    responseId: context.requestId,
  }))
}

function writeChoice({ blocks, finish }: NeutralChoice, index: number): Record<string, unknown> {
  const citations = blocks.flatMap(block => block.type === 'text' ? block.citations ?? [] : [])
  return {
    content: { role: 'model', parts: blocks.flatMap(block => writeAnswerPart(block)) },
    finishReason: writeFinish(finish),
    index,
    ...writeGrounding(citations),
    ...writeLogprobs(blocks.flatMap(block => block.type === 'text' ? block.logprobs ?? [] : [])),
  }
}

/** https://ai.google.dev/api/generate-content#LogprobsResult */
export function writeLogprobs(tokens: TokenLogprob[]): Record<string, unknown> {
  if (tokens.length === 0) return {}
  const write = ({ token, logprob }: TokenChance) => ({ token, logProbability: logprob })
  const sum = tokens.reduce((total, { logprob }) => total + logprob, 0)
  return {
    avgLogprobs: sum / tokens.length,
    logprobsResult: { chosenCandidates: tokens.map(write), topCandidates: tokens.map(({ top }) => ({ candidates: top.map(write) })) },
  }
}

/** Citations as Google says them of its own search. */
export function writeGrounding(citations: Citation[]): Record<string, unknown> {
  if (citations.length === 0) return {}
  return { groundingMetadata: { groundingChunks: citations.map(({ url, title }) => ({ web: { uri: url, title: title ?? url } })) } }
}

/** The part of an answer a block becomes. A client keeps foreign signatures, wrapped, and sends them back. */
export function writeAnswerPart(block: Block): Record<string, unknown>[] {
  switch (block.type) {
    case 'text': return block.text || block.signature ? [{ text: block.text, ...signed(block) }] : []
    case 'refusal': return block.text ? [{ text: block.text }] : []
    case 'reasoning': return block.text || block.signature ? [{ text: block.text, thought: true, ...signed(block) }] : []
    case 'tool-call': return [{ functionCall: { id: block.id, name: block.name, args: argsObject(block.args) }, ...signed(block) }]
    case 'media': return block.data ? [{ inlineData: { mimeType: block.mime ?? 'application/octet-stream', data: block.data } }] : []
    case 'tool-result': return []
  }
}

function signed(block: Extract<Block, { type: 'text' | 'reasoning' | 'tool-call' }>): { thoughtSignature?: string } {
  return block.signature ? { thoughtSignature: writeSignature(block.signature, block.type === 'reasoning' && block.redacted) } : {}
}
