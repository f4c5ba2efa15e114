import { openaiChat } from '#server/dialects/openai-chat'
import { defineV1 } from '#server/gateway/define-relay'
import { useRuntime } from '#server/runtime'

export default defineV1(openaiChat, 'GET', call => useRuntime().keyInfo.usage(call))
