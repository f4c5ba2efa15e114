import { anthropic } from '#server/dialects/anthropic'
import { defineV1 } from '#server/gateway/define-relay'
import { useRuntime } from '#server/runtime'

export default defineV1(anthropic, 'POST', call => useRuntime().countTokens(anthropic, call))
