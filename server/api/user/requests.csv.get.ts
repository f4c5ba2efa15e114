import { toRequestReply } from '#server/billing/replies'
import { totalInput, totalOutput } from '#server/billing/usage'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import type { CsvCell } from '#server/utils/define-csv'
import { defineCsv } from '#server/utils/define-csv'
import { ownRequestFilter } from '#server/utils/own-requests'
import { ownRequestQuery } from '#shared/schemas/request'

const PAGE = 200
const exportQuery = ownRequestQuery.omit({ after: true, limit: true })

/** The signed-in user's requests that fit the filters of the page, newest first, for spreadsheets. */
export default defineCsv({
  name: 'requests.csv',
  columns: ['time', 'model', 'key', 'outcome', 'status', 'error', 'input', 'cached_input', 'output', 'cost', 'charge_rule', 'first_content_ms', 'duration_ms', 'stream', 'dialect', 'request'],
  async* rows({ id: user }, query): AsyncGenerator<CsvCell[]> {
    const asked = exportQuery.safeParse(query)
    if (!asked.success) throw new AppError('invalid_request', { problem: asked.error.issues.map(issue => `${issue.path.join('.') || 'query'}: ${issue.message}`).join('; ') })
    const filter = await ownRequestFilter(user, asked.data)
    let after: string | undefined
    do {
      const page = await useRuntime().statement.listRequests(filter, { after, limit: PAGE })
      for (const request of page.items.map(toRequestReply)) {
        const { usage } = request
        yield [
          request.startedAt, request.model, request.key.name, request.endReason, request.status, request.error, totalInput(usage), usage.cachedInput ?? 0,
          totalOutput(usage), request.cost, request.chargeRule, request.firstByteMs, request.durationMs, request.stream, request.dialect, request.id,
        ]
      }
      after = page.next ?? undefined
    } while (after !== undefined)
  },
})
