import { unwrapSignature } from '../signatures'
import { blocksOf, parseBody, recordIn, requireWire, stringIn, wireCount } from './wire'
import type { WireBlock, WireMessage } from './wire'

/** What the signatures of other dialects begin with; in no other place would a client write it. */
const FOREIGN_MARK = Buffer.from('vapor1.')

/** Reasoning another dialect made, in this dialect's clothes: the vendor verifies signatures and would refuse it. */
function isForeign(block: WireBlock): boolean {
  if (block.type !== 'thinking' && block.type !== 'redacted_thinking') return false
  const signature = stringIn(block, block.type === 'thinking' ? 'signature' : 'data')
  return signature !== undefined && unwrapSignature(signature, 'anthropic').dialect !== 'anthropic'
}

/** The messages without reasoning of other dialects; undefined when there is none, so that the bytes may stay. */
export function withoutForeign(body: Uint8Array): WireMessage[] | undefined {
  if (!Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(FOREIGN_MARK)) return undefined
  const { messages } = requireWire(wireCount, parseBody(body))
  if (!messages.some(message => blocksOf(message.content).some(isForeign))) return undefined
  return messages.flatMap((message) => {
    if (!Array.isArray(message.content)) return [message]
    const content = message.content.filter(block => !isForeign(block))
    return content.length > 0 ? [{ ...message, content }] : []
  })
}

/** Ids of other vendors' calls begin so; this one's are `toolu_…`. */
const FOREIGN_ID = Buffer.from('"call_')
const BUDGETED = Buffer.from('"enabled"')

/**
 * While a loop of calls runs that began without this vendor's thinking, a thinking budget is refused: the loop ends
 * without thinking. `cleaned` are the messages when foreign reasoning was taken out of them.
 */
export function isForeignLoop(body: Uint8Array, cleaned: WireMessage[] | undefined): boolean {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (!bytes.includes(BUDGETED) || (!cleaned && !bytes.includes(FOREIGN_ID))) return false
  const request = requireWire(wireCount, parseBody(body))
  const messages = cleaned ?? request.messages
  const at = messages.findLastIndex(message => message.role === 'assistant')
  const turn = blocksOf(messages[at]?.content ?? [])
  const results = messages.slice(at + 1).flatMap(message => blocksOf(message.content))
  if (recordIn(request, 'thinking')?.type !== 'enabled' || !results.some(block => block.type === 'tool_result')) return false
  return turn.some(block => block.type === 'tool_use' && (cleaned || !String(block.id).startsWith('toolu_'))) && !turn.some(block => block.type === 'thinking' || block.type === 'redacted_thinking')
}
