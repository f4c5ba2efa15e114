import { getRequestHeader } from 'h3'
import { toRequestReply } from '#server/billing/replies'
import { isOwnAddress } from '#server/gateway/refusal-notes'
import { useRuntime } from '#server/runtime'
import { playgroundKeyId } from '#server/users/playground-keys'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'

const SHOWN = 20

export default defineApi(api.doctor, async ({ event, user, query }) => {
  const { addressOf, ledger, refusals, statement } = useRuntime()
  const since = Date.parse(query.since)
  const forwarded = getRequestHeader(event, 'x-forwarded-for')
  const address = addressOf(event.node.req.socket.remoteAddress, forwarded)
  const [page, { open }] = await Promise.all([
    statement.listRequests({ user: user.id, from: since }, { limit: SHOWN }),
    ledger.balance(user.id),
  ])
  const requests = page.items.filter(request => request.key.id !== playgroundKeyId(user.id))
  // What failed after it had become a request stands among those already.
  const recorded = new Set(page.items.map(request => request.id))
  const refused = refusals.listSince(user.id, isOwnAddress(address, forwarded) ? address : undefined, since)
    .filter(refusal => !recorded.has(refusal.id) && refusal.key?.id !== playgroundKeyId(user.id))
  return {
    now: new Date().toISOString(),
    open,
    requests: requests.map(toRequestReply),
    refusals: refused.slice(0, SHOWN).map(refusal => ({ ...refusal, at: new Date(refusal.at).toISOString() })),
  }
})
