import { openaiResponses } from '#server/dialects/openai-responses'
import { defineRelay } from '#server/gateway/define-relay'

export default defineRelay(openaiResponses)
