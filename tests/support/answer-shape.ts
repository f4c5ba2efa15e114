/** Whose words an answer is in, told by its shape alone. */
import type { DialectId } from '#shared/schemas/channel'

type Fields = Record<string, unknown>

/** The first event with data, the first element of an array, or the answer itself. */
export function firstOf(text: string): Fields {
  const value = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as unknown
  return (Array.isArray(value) ? value[0] : value) as Fields
}

/** The dialects an answer or error can be of: the two of OpenAI say errors alike. */
export function dialectsOfAnswer(body: Fields): DialectId[] {
  const error = body.error as { code?: unknown, status?: unknown } | undefined
  if (body.type === 'error' || body.type === 'message' || body.type === 'message_start') return ['anthropic']
  if (error) return typeof error.status === 'string' && typeof error.code === 'number' ? ['gemini'] : ['openai-chat', 'openai-responses']
  if (body.candidates) return ['gemini']
  if (String(body.object).startsWith('chat.completion')) return ['openai-chat']
  return body.object === 'response' || body.type === 'response.created' ? ['openai-responses'] : []
}
