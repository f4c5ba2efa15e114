import { isRecord } from '../talk.ts'
import { sign } from '../vendor.ts'
import type { Problem } from './body.ts'
import { missing, problem } from './body.ts'

const itemTypes = ['message', 'reasoning', 'function_call', 'function_call_output', 'item_reference']
const userParts = ['input_text', 'input_image', 'input_file', 'input_audio']
const assistantParts = ['output_text', 'refusal']

/** What a reasoning item carries when the caller asks for it; it belongs to the id of its item. */
export function encryptedReasoning(itemId: string): string {
  return `${itemId}.${sign('openai reasoning', itemId)}`
}

/** Returns what OpenAI refuses the input with, if it does. */
export function problemInItems(input: unknown): Problem | undefined {
  if (typeof input === 'string') return undefined
  if (!Array.isArray(input)) return problem('Invalid type for \'input\': expected one of a string or array of input items.', 'invalid_type', 'input')
  for (const [index, item] of input.entries()) {
    const found = isRecord(item) ? problemInItem(item, `input[${index}]`) : problem(`Invalid type for 'input[${index}]': expected an input item.`, 'invalid_type', `input[${index}]`)
    if (found) return found
  }
  return problemInOrder(input.filter(isRecord))
}

function problemInItem(item: Record<string, unknown>, path: string): Problem | undefined {
  const { type = 'message' } = item
  switch (type) {
    case 'message':
      return problemInMessage(item, path)
    case 'function_call': {
      const left = ['call_id', 'name', 'arguments'].find(name => item[name] === undefined)
      if (left !== undefined) return missing(`${path}.${left}`)
      if (typeof item['arguments'] !== 'string') return problem(`Invalid type for '${path}.arguments': expected a string, but got an object instead.`, 'invalid_type', `${path}.arguments`)
      return problemInId(item, 'fc', path)
    }
    case 'function_call_output':
      if (item['call_id'] === undefined) return missing(`${path}.call_id`)
      return item['output'] === undefined ? missing(`${path}.output`) : undefined
    case 'reasoning':
      return problemInReasoning(item, path)
    case 'item_reference':
      return notFound(item['id'])
    default:
      return problem(`Invalid value: '${String(type)}'. Supported values are: ${itemTypes.map(name => `'${name}'`).join(', ')}.`, 'invalid_value', `${path}.type`)
  }
}

function notFound(id: unknown): Problem {
  return problem(
    `Item with id '${String(id)}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
    null, 'input', 404,
  )
}

/** Ids tell by their beginning what they are of, and OpenAI holds them to it. */
function problemInId({ id, call_id: callId }: Record<string, unknown>, prefix: string, path: string): Problem | undefined {
  if (typeof id === 'string' && !id.startsWith(prefix)) {
    return problem(`Invalid '${path}.id': '${id}'. Expected an ID that begins with '${prefix}'.`, 'invalid_value', `${path}.id`)
  }
  return typeof callId === 'string' && callId.length > 64
    ? problem(`Invalid '${path}.call_id': string too long. Expected a string with maximum length 64, but got a string with length ${callId.length} instead.`, 'string_above_max_length', `${path}.call_id`)
    : undefined
}

function problemInMessage(item: Record<string, unknown>, path: string): Problem | undefined {
  const { role, content } = item
  if (!['user', 'assistant', 'system', 'developer'].includes(String(role))) {
    return problem(`Invalid value: '${String(role)}'. Supported values are: 'assistant', 'system', 'developer', and 'user'.`, 'invalid_value', `${path}.role`)
  }
  const wrongId = problemInId(item, 'msg', path)
  if (wrongId) return wrongId
  if (typeof content === 'string') return undefined
  if (!Array.isArray(content)) return missing(`${path}.content`)
  const known = role === 'assistant' ? assistantParts : userParts
  for (const [index, part] of content.entries()) {
    const type = isRecord(part) ? part['type'] : undefined
    if (!known.includes(String(type))) {
      return problem(`Invalid value: '${String(type)}'. Supported values are: ${known.map(name => `'${name}'`).join(', ')}.`, 'invalid_value', `${path}.content[${index}]`)
    }
  }
  return undefined
}

function problemInReasoning({ id, summary, encrypted_content: encrypted }: Record<string, unknown>, path: string): Problem | undefined {
  if (!Array.isArray(summary)) return missing(`${path}.summary`)
  if (encrypted == null) return notFound(id)
  const [owner = ''] = String(encrypted).split('.')
  const label = typeof id === 'string' ? ` for item ${id}` : ''
  const unverified = (reason: string): Problem => problem(`The encrypted content${label} could not be verified. Reason: ${reason}`, 'invalid_encrypted_content', null)
  if (encrypted !== encryptedReasoning(owner)) return unverified('Encrypted content could not be decrypted or parsed.')
  return typeof id === 'string' && id !== owner ? unverified('Encrypted content item_id did not match the target item id.') : undefined
}

/** Thoughts stand before what they led to, every call has its output, and every output its call. */
function problemInOrder(items: Record<string, unknown>[]): Problem | undefined {
  const called = new Set<unknown>()
  const answered = new Set(items.filter(({ type }) => type === 'function_call_output').map(item => item['call_id']))
  for (const [index, item] of items.entries()) {
    const { type, call_id: callId } = item
    if (type === 'reasoning' && !followsReasoning(items[index + 1])) {
      return problem(`Item '${String(item['id'])}' of type 'reasoning' was provided without its required following item.`, null, 'input')
    }
    if (type === 'function_call') {
      called.add(callId)
      if (!answered.has(callId)) return problem(`No tool output found for function call ${String(callId)}.`, null, 'input')
    }
    if (type === 'function_call_output' && !called.has(callId)) {
      return problem(`No tool call found for function call output with call_id ${String(callId)}.`, null, 'input')
    }
  }
  return undefined
}

/** A message that does not say it is one is what a user typed, even with the assistant's role: OpenAI does not take it for the model's own. */
function followsReasoning(next: Record<string, unknown> | undefined): boolean {
  return next !== undefined && (next['type'] === 'reasoning' || next['type'] === 'function_call' || (next['type'] === 'message' && next['role'] === 'assistant'))
}
