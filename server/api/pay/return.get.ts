import { getQuery, sendRedirect } from 'h3'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'
import { orderId } from '#shared/schemas/payment'

/**
 * The payer's browser comes back, some gateways with the fields of a notice behind our own. Whatever stands there is a
 * hint which order to ask about, never evidence; nobody waits for the answer here, the wallet shows it.
 */
export default defineApi(api.payReturn, async ({ event }) => {
  const { log, payments } = useRuntime()
  const { o, out_trade_no: named } = getQuery(event)
  const id = orderId.safeParse(o ?? named)
  if (!id.success) return sendRedirect(event, '/console/wallet', 302)
  payments.find(id.data, undefined).then(payments.askForPage).catch(error => log.info(`an order could not be asked about on return: ${error instanceof Error ? error.name : 'unknown'}`))
  await sendRedirect(event, `/console/wallet?order=${id.data}`, 302)
})
