import { toBooksState, usersIn } from '#server/billing/audit-replies'
import type { AuditState } from '#server/billing/audit/index'
import { toAdminTally } from '#server/billing/replies'
import { useRuntime } from '#server/runtime'
import type { BooksReply, BooksState } from '#shared/schemas/books'

/** What an audit has found, with the names of the users it is about. */
export async function describeAudit(state: AuditState): Promise<BooksState> {
  return toBooksState(state, await useRuntime().users.namesOf(usersIn(state)))
}

/** Revenue against upstream cost of the last days; what is gone from the catalogue goes by its id. */
export async function describeMargins(days: number): Promise<Pick<BooksReply, 'total' | 'channels' | 'models'>> {
  const { catalog, statistics } = useRuntime()
  const { total, channels, models } = await statistics.books(days)
  return {
    total: toAdminTally(total),
    channels: await Promise.all(channels.map(async ({ id, tally }) => ({ channel: id, name: (await catalog.findChannel(id))?.name ?? id, ...toAdminTally(tally) }))),
    models: await Promise.all(models.map(async ({ id, tally }) => ({ model: (await catalog.findModelById(id))?.name ?? id, ...toAdminTally(tally) }))),
  }
}
