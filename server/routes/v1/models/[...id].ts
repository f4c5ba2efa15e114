import { getRouterParam } from 'h3'
import { openaiChat } from '#server/dialects/openai-chat'
import { defineV1 } from '#server/gateway/define-relay'
import { useRuntime } from '#server/runtime'

// A catch-all, because names such as "deepseek-ai/DeepSeek-V3" hold slashes.
export default defineV1(openaiChat, 'GET', (call, event) => useRuntime().modelList.one(call, getRouterParam(event, 'id', { decode: true }) ?? ''))
