import type { Block, Citation, NeutralReply } from '../neutral'
import { mintToolId } from '../tool-ids'
import { readUsage } from './usage'
import { blocksOf, citationOf, isRecord, parseReply, readFinish, stringIn } from './wire'
import type { WireBlock } from './wire'

/** A whole answer in neutral words. Throws AppError upstream_malformed. Blocks of hosted tools are left out. */
export function readNeutralReply(body: Uint8Array): NeutralReply {
  const reply = parseReply(body)
  const blocks = blocksOf(reply.content).flatMap(block => Object.hasOwn(blockReaders, block.type) ? blockReaders[block.type]!(block) : [])
  if (reply.stop_details?.explanation) blocks.push({ type: 'refusal', text: reply.stop_details.explanation })
  return {
    id: reply.id ?? undefined,
    model: reply.model ?? undefined,
    choices: [{
      blocks,
      finish: readFinish(reply.stop_reason, blocks.some(block => block.type === 'tool-call')),
      stopSequence: reply.stop_sequence ?? undefined,
    }],
    usage: readUsage(reply.usage, reply.model ?? undefined)?.usage,
  }
}

const blockReaders: Record<string, (block: WireBlock) => Block[]> = {
  text(block) {
    const text = stringIn(block, 'text')
    if (!text) return []
    const citations = citationsOf(block.citations)
    return [{ type: 'text', text, ...(citations.length > 0 ? { citations } : {}) }]
  },
  thinking(block) {
    const text = stringIn(block, 'thinking') ?? ''
    const value = stringIn(block, 'signature')
    // Thinking that is not shown has a signature and no text, and must come back all the same.
    return text || value ? [{ type: 'reasoning', text, ...(value ? { signature: { dialect: 'anthropic', value } } : {}) }] : []
  },
  redacted_thinking: block => [{ type: 'reasoning', text: '', redacted: true, signature: { dialect: 'anthropic', value: stringIn(block, 'data') ?? '' } }],
  tool_use: block => [{ type: 'tool-call', id: stringIn(block, 'id') || mintToolId(), name: stringIn(block, 'name') ?? '', args: JSON.stringify(isRecord(block.input) ? block.input : {}) }],
}

function citationsOf(value: unknown): Citation[] {
  return Array.isArray(value) ? value.map(citationOf).filter(citation => citation !== undefined) : []
}
