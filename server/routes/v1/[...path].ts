import { openaiChat } from '#server/dialects/openai-chat'
import { defineV1 } from '#server/gateway/define-relay'
import { serveMistyped } from '#server/gateway/mistyped'
import { useRuntime } from '#server/runtime'

export default defineV1(openaiChat, 'ANY', (call, event) => serveMistyped(useRuntime(), event.method, call))
