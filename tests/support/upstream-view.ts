/** What an upstream of any dialect was sent, in one form, so that tests can compare. */
import type { DialectId } from '#shared/schemas/channel'

type Fields = Record<string, unknown>

export interface Seen {
  /** Ids and names of the calls of the history, in order; Gemini may have no ids. */
  calls: { id: string | undefined, name: string }[]
  results: { id: string | undefined, isError: boolean }[]
  /** Every proof of reasoning, wherever it stood. */
  signatures: string[]
}

/** What each dialect takes for the id of a call. */
export const legalId: Record<DialectId, RegExp> = {
  'openai-chat': /^.{1,64}$/,
  'openai-responses': /^.{1,64}$/,
  'anthropic': /^[\w-]+$/,
  'gemini': /^.+$/,
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): Fields[] => Array.isArray(value) ? value.filter(isFields) : []
const textOf = (value: unknown): string | undefined => typeof value === 'string' ? value : undefined

/** Those of other dialects begin with `vapor1`, for Gemini in base64. */
export const isWrapped = (signature: string): boolean => /^(?:vapor1|dmFwb3Ix|cmVkYWN0ZWQu)/.test(signature)

const PROOFS = /"(?:signature|thoughtSignature|thought_signature|encrypted_content|data)":"((?:sandbox|vapor1|dmFwb3Ix|cmVkYWN0ZWQu|rs_|skip_)[^"]*)"/g

const readers: Record<DialectId, (body: Fields) => Omit<Seen, 'signatures'>> = {
  'openai-chat': ({ messages }) => ({
    calls: listOf(messages).flatMap(message => listOf(message.tool_calls)).map(call => ({ id: textOf(call.id), name: isFields(call.function) ? String(call.function.name) : '' })),
    results: listOf(messages).filter(({ role }) => role === 'tool').map(message => ({ id: textOf(message.tool_call_id), isError: String(message.content).startsWith('Error: ') })),
  }),
  'openai-responses': ({ input }) => ({
    calls: listOf(input).filter(({ type }) => type === 'function_call').map(call => ({ id: textOf(call.call_id), name: String(call.name) })),
    results: listOf(input).filter(({ type }) => type === 'function_call_output').map(item => ({ id: textOf(item.call_id), isError: JSON.stringify(item.output).includes('Error:') })),
  }),
  'anthropic': ({ messages }) => {
    const blocks = listOf(messages).flatMap(message => listOf(message.content))
    return {
      calls: blocks.filter(({ type }) => type === 'tool_use').map(block => ({ id: textOf(block.id), name: String(block.name) })),
      results: blocks.filter(({ type }) => type === 'tool_result').map(block => ({ id: textOf(block.tool_use_id), isError: block.is_error === true })),
    }
  },
  'gemini': ({ contents }) => {
    const parts = listOf(contents).flatMap(content => listOf(content.parts))
    return {
      calls: parts.flatMap(({ functionCall: call }) => isFields(call) ? [{ id: textOf(call.id), name: String(call.name) }] : []),
      results: parts.flatMap(({ functionResponse: result }) => isFields(result) ? [{ id: textOf(result.id), isError: isFields(result.response) && 'error' in result.response }] : []),
    }
  },
}

export function seeUpstream(dialect: DialectId, body: Buffer): Seen {
  const text = body.toString('utf8')
  return { ...readers[dialect](JSON.parse(text) as Fields), signatures: [...text.matchAll(PROOFS)].map(match => match[1]!) }
}
