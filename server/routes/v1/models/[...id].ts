import { gemini } from '#server/dialects/gemini'
import { openaiChat } from '#server/dialects/openai-chat'
import { defineByMethod, defineV1 } from '#server/gateway/define-relay'
import { serveGemini } from '#server/gateway/gemini-paths'
import { useRuntime } from '#server/runtime'

// A catch-all, because names such as "deepseek-ai/DeepSeek-V3" hold slashes; a POST is Gemini's `{model}:{verb}`.
export default defineByMethod({
  GET: defineV1(openaiChat, 'GET', call => useRuntime().modelList.one(call, call.target.path.replace('/v1/models/', ''))),
  POST: defineV1(gemini, 'POST', call => serveGemini(useRuntime(), 'POST', call)),
})
