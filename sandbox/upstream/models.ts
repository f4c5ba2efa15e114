/** One page of a list, as vendors cut it: from the entry after `after`, at most `limit` of them. */
export function pageOf<T>(all: T[], idOf: (entry: T) => string, after: string | null, limit: number): { page: T[], more: boolean } {
  const start = after === null ? 0 : all.findIndex(entry => idOf(entry) === after) + 1
  const page = all.slice(start, start + limit)
  return { page, more: start + limit < all.length }
}
