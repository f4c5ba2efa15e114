import { AppError } from '#server/errors/app-error'
import type { CsvCell } from '#server/utils/define-csv'
import { defineCsv } from '#server/utils/define-csv'
import { describeMargins } from '#server/utils/describe-books'
import { booksQuery } from '#shared/schemas/books'
import type { AdminTally } from '#shared/schemas/usage'
import { formatNano, parseNano } from '#shared/utils/money'

/** Revenue against upstream cost, channel by channel and model by model; `?days=` 7, 30 or 90. */
export default defineCsv({
  name: 'books.csv',
  columns: ['by', 'id', 'name', 'requests', 'failed', 'input tokens', 'output tokens', 'revenue', 'revenue with known cost', 'upstream cost', 'margin'],
  admin: true,
  async* rows(_, query): AsyncGenerator<CsvCell[]> {
    const parsed = booksQuery.safeParse(query)
    if (!parsed.success) throw new AppError('invalid_request', { problem: parsed.error.issues[0]?.message ?? '' })
    const { channels, models, total } = await describeMargins(parsed.data.days)
    for (const row of channels) yield ['channel', row.channel, row.name, ...cells(row)]
    for (const row of models) yield ['model', row.model, row.model, ...cells(row)]
    yield ['all', '', '', ...cells(total)]
  },
})

function cells({ requests, failed, inputTokens, outputTokens, cost, costed, upstreamCost }: AdminTally): CsvCell[] {
  return [requests, failed, inputTokens, outputTokens, cost, costed, upstreamCost, formatNano((parseNano(costed) ?? 0n) - (parseNano(upstreamCost) ?? 0n))]
}
