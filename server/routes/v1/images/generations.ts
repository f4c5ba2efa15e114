import { imageGenerations } from '#server/endpoints'
import { defineRelay } from '#server/gateway/define-relay'

export default defineRelay(imageGenerations)
