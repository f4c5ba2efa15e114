import { getRequestHeader } from 'h3'
import { toEntryReply } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

export default defineApi(api.redeemCode, async ({ event, user, body }) => {
  const { addressOf, codes } = useRuntime()
  const address = addressOf(event.node.req.socket.remoteAddress, getRequestHeader(event, 'x-forwarded-for'))
  const entry = toEntryReply(await codes.redeem({ user: user.id, address, code: body.code }))
  return { entry, credit: entry.amount }
})
