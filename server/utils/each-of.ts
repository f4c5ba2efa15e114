import { toAppError } from '#server/errors/app-error'
import type { ManyReply } from '#shared/schemas/catalogue'

/** Does the same to each of many records, one after the other; one that refuses does not stop the rest. */
export async function eachOf<T>(items: T[], idOf: (item: T) => string, change: (item: T) => Promise<unknown>): Promise<ManyReply> {
  const refused: ManyReply['refused'] = []
  for (const item of items) {
    try {
      await change(item)
    }
    catch (error) {
      refused.push({ id: idOf(item), problem: requireExpected(error) })
    }
  }
  return { done: items.length - refused.length, refused }
}

/** What an expected refusal says; anything else is our mistake and thrown on. */
export function requireExpected(error: unknown): string {
  const { code, message } = toAppError(error)
  if (code === 'internal' || code === 'store_unavailable') throw error
  return message
}
