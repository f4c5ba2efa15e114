import type { DialectId } from '#shared/schemas/channel'
import type { Dialect } from './dialect'
import { openaiChat } from './openai-chat'

const dialects: Record<DialectId, Dialect> = { 'openai-chat': openaiChat }

export function dialectOf(id: DialectId): Dialect {
  return dialects[id]
}
