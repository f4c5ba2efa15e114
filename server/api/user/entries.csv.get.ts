import { toEntryReply } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import type { CsvCell } from '#server/utils/define-csv'
import { defineCsv } from '#server/utils/define-csv'

const PAGE = 200

/** Every entry of the signed-in user, newest first, for spreadsheets. */
export default defineCsv({
  name: 'entries.csv',
  columns: ['time', 'kind', 'amount', 'reference', 'note', 'late', 'entry'],
  async* rows({ id }): AsyncGenerator<CsvCell[]> {
    let after: string | undefined
    do {
      const page = await useRuntime().statement.listEntries(id, { after, limit: PAGE })
      for (const entry of page.items.map(toEntryReply)) yield [entry.at, entry.kind, entry.amount, entry.reference, entry.note, entry.late, entry.id]
      after = page.next ?? undefined
    } while (after !== undefined)
  },
})
