import { isRecord } from '../talk.ts'
import { sign } from '../vendor.ts'
import { blocksOf } from './reply.ts'

/** The fields of the blocks the sandbox checks; the other known ones are let through. */
const blockFields: Record<string, string[]> = {
  text: ['text', 'citations', 'cache_control'],
  image: ['source', 'cache_control'],
  document: ['source', 'title', 'context', 'citations', 'cache_control'],
  tool_use: ['id', 'name', 'input', 'caller', 'cache_control'],
  tool_result: ['tool_use_id', 'content', 'is_error', 'cache_control'],
  thinking: ['thinking', 'signature'],
  redacted_thinking: ['data'],
}
const uncheckedBlocks = new Set([
  'search_result', 'server_tool_use', 'web_search_tool_result', 'web_fetch_tool_result', 'code_execution_tool_result', 'container_upload', 'mcp_tool_use', 'mcp_tool_result',
])
const pictures = ['image/jpeg', 'image/png', 'image/gif', 'image/webp']

/** What a thinking block is signed with. The text is part of it, so a thought that was changed or made up is found out. */
export function thinkingSignature(thinking: string): string {
  return sign('anthropic thinking', thinking)
}

/** Returns the sentence Anthropic refuses the messages with, if it does. */
export function problemInMessages(messages: unknown): string | undefined {
  if (!Array.isArray(messages)) return 'messages: Input should be a valid list'
  if (messages.length === 0) return 'messages: at least one message is required'
  for (const [index, message] of messages.entries()) {
    const problem = problemInMessage(message, `messages.${index}`, index === messages.length - 1)
    if (problem !== undefined) return problem
  }
  const checked = messages.filter(isRecord)
  if (checked[0]?.['role'] !== 'user') return 'messages: first message must use the "user" role'
  return problemInToolLoop(checked) ?? problemInPrefill(checked)
}

function problemInMessage(message: unknown, path: string, last: boolean): string | undefined {
  if (!isRecord(message)) return `${path}: Input should be an object`
  const extra = Object.keys(message).find(name => name !== 'role' && name !== 'content')
  if (extra !== undefined) return `${path}.${extra}: Extra inputs are not permitted`
  const { role, content } = message
  if (role === 'system') {
    return 'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.'
  }
  if (role !== 'user' && role !== 'assistant') return `messages: Unexpected role "${String(role)}". Allowed roles are "user" or "assistant".`
  if (content === undefined) return `${path}.content: Field required`
  if (content === '' || (Array.isArray(content) && content.length === 0)) {
    return last && role === 'assistant' ? undefined : `${path}: all messages must have non-empty content except for the optional final assistant message`
  }
  if (typeof content === 'string') return undefined
  if (!Array.isArray(content)) return `${path}.content: Input should be a valid list`
  for (const [index, block] of content.entries()) {
    const problem = problemInBlock(block, `${path}.content.${index}`, role)
    if (problem !== undefined) return problem
  }
  return undefined
}

function problemInBlock(block: unknown, path: string, role: string): string | undefined {
  if (!isRecord(block)) return `${path}: Input should be an object`
  const type = String(block['type'])
  const known = blockFields[type]
  if (uncheckedBlocks.has(type)) return undefined
  if (!known) {
    const tags = [...Object.keys(blockFields), ...uncheckedBlocks].toSorted().map(tag => `'${tag}'`).join(', ')
    return `${path}: Input tag '${type}' found using 'type' does not match any of the expected tags: ${tags}`
  }
  const extra = Object.keys(block).find(name => name !== 'type' && !known.includes(name))
  if (extra !== undefined) return `${path}.${type}.${extra}: Extra inputs are not permitted`
  if (type === 'tool_result' && role !== 'user') return `${path}: \`tool_result\` blocks can only be in \`user\` messages`
  if (/^(?:tool_use|thinking|redacted_thinking)$/.test(type) && role !== 'assistant') return `${path}: \`${type}\` blocks can only be in \`assistant\` messages`
  return problemInside(type, block, path)
}

function problemInside(type: string, block: Record<string, unknown>, path: string): string | undefined {
  const { text, id, name, input, source, thinking, signature, tool_use_id: answered, content } = block
  switch (type) {
    case 'text':
      if (typeof text !== 'string') return `${path}.text.text: Field required`
      return text === '' ? 'messages: text content blocks must be non-empty' : undefined
    case 'image':
      return isRecord(source) && source['type'] === 'base64' && !pictures.includes(String(source['media_type']))
        ? `${path}.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'`
        : undefined
    case 'tool_use':
      if (typeof id !== 'string' || !/^[\w-]+$/.test(id)) return `${path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`
      if (typeof name !== 'string') return `${path}.tool_use.name: Field required`
      return isRecord(input) ? undefined : `${path}.tool_use.input: Input should be a valid dictionary`
    case 'tool_result':
      if (typeof answered !== 'string') return `${path}.tool_result.tool_use_id: Field required`
      return Array.isArray(content) && content.some(part => isRecord(part) && part['text'] === '')
        ? 'messages: text content blocks must be non-empty'
        : undefined
    case 'thinking':
      if (typeof thinking !== 'string') return `${path}.thinking.thinking: Field required`
      if (typeof signature !== 'string') return `${path}.thinking.signature: Field required`
      return signature === thinkingSignature(thinking) ? undefined : `${path}: Invalid \`signature\` in \`thinking\` block`
    case 'redacted_thinking':
      return `${path}: Invalid \`data\` in \`redacted_thinking\` block`
    default:
      return undefined
  }
}

/** Every call has its result at the beginning of the very next message, and every result has its call in the one before. */
function problemInToolLoop(messages: Record<string, unknown>[]): string | undefined {
  const idsOf = (message: Record<string, unknown> | undefined, type: string, field: string): unknown[] =>
    blocksOf(message?.['content']).filter(block => block['type'] === type).map(block => block[field])
  const calls = messages.flatMap(message => idsOf(message, 'tool_use', 'id'))
  if (new Set(calls).size < calls.length) return 'messages: `tool_use` ids must be unique'
  for (const [index, message] of messages.entries()) {
    const blocks = blocksOf(message['content'])
    const called = idsOf(messages[index - 1], 'tool_use', 'id')
    for (const [place, block] of blocks.entries()) {
      const id = block['tool_use_id']
      if (block['type'] === 'tool_result' && !called.includes(id)) {
        return `messages.${index}.content.${place}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(id)}. `
          + 'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.'
      }
    }
    const first = blocks.findIndex(({ type }) => type !== 'tool_result')
    const answered = blocks.slice(0, first < 0 ? blocks.length : first).map(block => block['tool_use_id'])
    if (new Set(answered).size < answered.length) return `messages.${index}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with one id.`
    const open = called.filter(id => !answered.includes(id))
    if (open.length > 0) return unanswered(index - 1, open)
  }
  const open = idsOf(messages.at(-1), 'tool_use', 'id')
  return open.length > 0 ? unanswered(messages.length - 1, open) : undefined
}

function unanswered(index: number, ids: unknown[]): string {
  return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(', ')}. `
    + 'Each `tool_use` block must have a corresponding `tool_result` block in the next message.'
}

/** Whoever thinks goes on with its own thoughts: as long as only results follow, the turn that called begins with them. */
export function problemInThoughts(thinking: unknown, messages: Record<string, unknown>[]): string | undefined {
  if (!isRecord(thinking) || thinking['type'] !== 'enabled') return undefined
  const at = messages.findLastIndex(({ role }) => role === 'assistant')
  const first = blocksOf(messages[at]?.['content'])[0]?.['type']
  const isRunning = at >= 0 && at === messages.length - 2 && blocksOf(messages[at + 1]?.['content']).every(({ type }) => type === 'tool_result')
  if (!isRunning || first === 'thinking' || first === 'redacted_thinking') return undefined
  return `messages.${at}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${String(first)}\`. When \`thinking\` is enabled, `
    + 'a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks).'
}

function problemInPrefill(messages: Record<string, unknown>[]): string | undefined {
  const last = messages.at(-1)
  const text = last?.['role'] === 'assistant' ? blocksOf(last['content']).at(-1)?.['text'] : undefined
  return typeof text === 'string' && /\s$/.test(text) ? 'messages: final assistant content cannot end with trailing whitespace' : undefined
}
