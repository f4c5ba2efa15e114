import type { OrderRecord } from '#server/billing/payments/index'
import { toNotice } from '#server/billing/payments/index'
import { useRuntime } from '#server/runtime'
import type { AdminOrderDetail } from '#shared/schemas/payment'

/** An order with everything the gateway said about it, for admins. */
export async function describeOrder(order: OrderRecord): Promise<AdminOrderDetail> {
  const { payments, users } = useRuntime()
  const [names, notices] = await Promise.all([users.namesOf([order.user]), payments.notices(order.id)])
  return { order: await payments.describeForAdmin(order, names.get(order.user) ?? ''), notices: notices.map(toNotice) }
}

/** What the audit keeps of an order. */
export function describeOrderChange({ state, user, cents, credit, granted, reason }: OrderRecord) {
  return { state, user, cents, credit, granted, reason }
}
