import { toRunLine } from '#server/billing/audit-replies'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { describeAudit, describeMargins } from '#server/utils/describe-books'
import { api } from '#shared/schemas/api'

const RUNS = 14

export default defineApi(api.books, async ({ query }) => {
  const { audit } = useRuntime()
  const [state, runs, margins] = await Promise.all([audit.state(), audit.listRuns(RUNS), describeMargins(query.days)])
  return { ...await describeAudit(state), ...margins, runs: runs.map(toRunLine) }
})
