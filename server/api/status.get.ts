import { useRuntime } from '#server/runtime'
import { toStatusReply } from '#server/billing/status-reply'
import { defineApi } from '#server/utils/define-api'
import { shareFor } from '#server/utils/share-for'
import { api } from '#shared/schemas/api'
import type { StatusRange } from '#shared/schemas/status'

const FRESH_MS = 30_000

/** Everybody sees the same page, and a crowd of them costs one reading. */
const read = shareFor(FRESH_MS, async (range: StatusRange) => {
  const { statistics, catalog } = useRuntime()
  const [status, models] = await Promise.all([statistics.ofService(range), catalog.listOnSale()])
  return toStatusReply(range, status, models)
})

export default defineApi(api.status, ({ query }) => read(query.range))
