import { anthropic } from '#server/dialects/anthropic'
import { defineRelay } from '#server/gateway/define-relay'

export default defineRelay(anthropic)
