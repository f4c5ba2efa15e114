import { getRequestHeader } from 'h3'
import { toEntryReply } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'
import { formatNano } from '#shared/utils/money'

export default defineApi(api.redeemCode, async ({ event, user, body }) => {
  const { addressOf, codes } = useRuntime()
  const address = addressOf(event.node.req.socket.remoteAddress, getRequestHeader(event, 'x-forwarded-for'))
  const redeemed = await codes.redeem({ user: user.id, address, code: body.code })
  if ('pending' in redeemed) return { entry: null, credit: formatNano(redeemed.value) }
  const entry = toEntryReply(redeemed.entry)
  return { entry, credit: entry.amount }
})
