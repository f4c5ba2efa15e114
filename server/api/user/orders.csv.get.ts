import { useRuntime } from '#server/runtime'
import type { CsvCell } from '#server/utils/define-csv'
import { defineCsv } from '#server/utils/define-csv'

const PAGE = 200

/** Every order of the signed-in user, newest first, for spreadsheets. */
export default defineCsv({
  name: 'orders.csv',
  columns: ['created', 'state', 'money', 'currency', 'credit', 'bonus', 'rate', 'type', 'paid', 'refunded', 'trade_no', 'order'],
  async* rows({ id: user }): AsyncGenerator<CsvCell[]> {
    const { payments } = useRuntime()
    let after: string | undefined
    do {
      const page = await payments.list({ user }, { after, limit: PAGE })
      for (const record of page.items) {
        const order = await payments.describe(record)
        yield [order.createdAt, order.state, order.money, order.currency, order.credit, order.bonus, order.rate, order.type, order.paidAt, order.refundedAt, order.tradeNo, order.id]
      }
      after = page.next ?? undefined
    } while (after !== undefined)
  },
})
