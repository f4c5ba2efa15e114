import { openaiChat } from '#server/dialects/openai-chat'
import { defineV1 } from '#server/gateway/define-relay'
import { json } from '#server/gateway/models'
import { useRuntime } from '#server/runtime'

export default defineV1(openaiChat, 'GET', async (call) => {
  const { receipts, requireCaller } = useRuntime()
  const { user } = await requireCaller(call)
  return json(await receipts.of(call.target.path.replace(/^\/v1\/receipts\//, ''), user.id))
})
