import { openaiChat } from '#server/dialects/openai-chat'
import { defineRelay } from '#server/gateway/define-relay'

export default defineRelay(openaiChat)
