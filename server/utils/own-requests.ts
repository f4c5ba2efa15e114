import type { z } from 'zod'
import { filterOfOutcome } from '#server/billing/statement'
import type { RequestFilter } from '#server/billing/statement'
import { useRuntime } from '#server/runtime'
import type { ownRequestQuery } from '#shared/schemas/request'

/** The filter of a user's own list, as the page and the file for spreadsheets ask for it; without a user that of everybody's. */
export async function ownRequestFilter(user: string | undefined, query: Omit<z.output<typeof ownRequestQuery>, 'limit'>): Promise<RequestFilter> {
  const { model, key, outcome, from, to } = query
  return {
    user,
    key,
    model: model === undefined ? undefined : { id: (await useRuntime().catalog.findModel(model))?.id, name: model },
    ...filterOfOutcome(outcome),
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
  }
}
