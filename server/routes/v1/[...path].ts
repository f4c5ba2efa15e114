import { openaiChat } from '#server/dialects/openai-chat'
import { AppError } from '#server/errors/app-error'
import { defineV1 } from '#server/gateway/define-relay'

export default defineV1(openaiChat, 'ANY', (_, event) => {
  throw new AppError('not_found', { path: event.path.split('?')[0]!.slice(0, 200) })
})
