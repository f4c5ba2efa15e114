import { gemini } from '#server/dialects/gemini'
import { defineV1 } from '#server/gateway/define-relay'
import { serveGemini } from '#server/gateway/gemini-paths'
import { useRuntime } from '#server/runtime'

export default defineV1(gemini, 'ANY', (call, event) => serveGemini(useRuntime(), event.method, call))
