import type { DialectId } from '#shared/schemas/channel'
import { anthropic } from './anthropic'
import type { Dialect } from './dialect'
import { gemini } from './gemini'
import { openaiChat } from './openai-chat'
import { openaiResponses } from './openai-responses'

const dialects: Record<DialectId, Dialect> = { 'openai-chat': openaiChat, 'openai-responses': openaiResponses, anthropic, gemini }

export function dialectOf(id: DialectId): Dialect {
  return dialects[id]
}
