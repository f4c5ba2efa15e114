import type { Outcome, RequestReply } from '#shared/schemas/request'
import { api } from '#shared/schemas/api'
import { outcomes } from '#shared/schemas/plain-rules'

export const requestRanges = ['all', 'hour', 'day', 'week', 'month', 'custom'] as const
export type RequestRange = typeof requestRanges[number]

const HOUR = 3_600_000
const spans: Partial<Record<RequestRange, number>> = { hour: HOUR, day: 24 * HOUR, week: 7 * 24 * HOUR, month: 30 * 24 * HOUR }
const ALL = 'all'
const PAGE = 50
const FRESH = 20
const EVERY_MS = 5000

export interface RequestFilters {
  model: string
  key: string
  outcome: Outcome
  range: RequestRange
  /** Wall clock of the reader, as the browser's own field holds it; only for the range `custom`. */
  from: string
  to: string
}

export function emptyRequestFilters(): RequestFilters {
  return { model: ALL, key: ALL, outcome: ALL, range: ALL, from: '', to: '' }
}

/** Filters as an address carries them; what does not fit is no filter. */
export function readRequestFilters(query: Record<string, unknown>): RequestFilters {
  const text = (name: string) => typeof query[name] === 'string' ? query[name] : ''
  return {
    model: text('model') || ALL,
    key: text('key') || ALL,
    outcome: outcomes.find(outcome => outcome === query['outcome']) ?? ALL,
    range: requestRanges.find(range => range === query['range']) ?? ALL,
    from: text('from'),
    to: text('to'),
  }
}

/** The same for the address: only what differs from "everything". */
export function writeRequestFilters(filters: RequestFilters): Record<string, string> {
  const { from, to, ...rest } = filters
  const chosen = Object.entries(rest).filter(([, value]) => value !== ALL)
  return Object.fromEntries(filters.range === 'custom' ? [...chosen, ...Object.entries({ from, to }).filter(([, value]) => value)] : chosen)
}

/** The query of the API; `now` fixes what "the last hour" means. */
export function queryOfFilters(filters: RequestFilters, now: number) {
  const span = spans[filters.range]
  const at = (field: string) => Number.isNaN(Date.parse(field)) ? undefined : new Date(field).toISOString()
  const from = filters.range === 'custom' ? at(filters.from) : span === undefined ? undefined : new Date(now - span).toISOString()
  const to = filters.range === 'custom' ? at(filters.to) : undefined
  return {
    outcome: filters.outcome,
    ...(filters.model === ALL ? {} : { model: filters.model }),
    ...(filters.key === ALL ? {} : { key: filters.key }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  }
}

/** The user's requests by filter, with what arrives while the page is open put on top. */
export function useRequestFeed(filters: RequestFilters) {
  const asked = ref(Date.now())
  const query = computed(() => queryOfFilters(filters, asked.value))
  const list = useApiList(api.listOwnRequests, () => ({ query: { ...query.value, limit: PAGE } }), reply => reply, { key: 'own-requests' })
  const fresh = shallowRef<RequestReply[]>([])
  const arrived = ref(new Set<string>())
  const live = ref(true)
  const items = computed(() => {
    const known = new Set(fresh.value.map(request => request.id))
    return [...fresh.value, ...list.items.value.filter(request => !known.has(request.id))]
  })
  // A list that ends in the past gets nothing new.
  const open = computed(() => live.value && query.value.to === undefined && !list.error.value)

  watch(() => JSON.stringify(filters), () => {
    asked.value = Date.now()
  })
  watch(list.items, (_, before) => {
    if (before) fresh.value = fresh.value.filter(request => !list.items.value.some(known => known.id === request.id))
  })
  watch(query, () => {
    fresh.value = []
  })

  usePolling(async () => {
    if (list.status.value === 'pending') return
    const was = query.value
    const reply = await callApi(api.listOwnRequests, { query: { ...was, limit: FRESH } })
    if (query.value !== was) return
    const known = new Set(items.value.map(request => request.id))
    const added = reply.items.filter(request => !known.has(request.id))
    arrived.value = new Set(added.map(request => request.id))
    // More came than one question answers: only the whole list again leaves no gap.
    if (added.length === reply.items.length && reply.next !== null && known.size > 0) return void await list.refresh()
    if (added.length > 0) fresh.value = [...added, ...fresh.value]
  }, EVERY_MS, open)

  async function refresh() {
    asked.value = Date.now()
    fresh.value = []
    await list.refresh()
  }

  const csv = computed(() => {
    const text = new URLSearchParams(query.value).toString()
    return text ? `/api/user/requests.csv?${text}` : '/api/user/requests.csv'
  })

  return { ...list, items, arrived, live, csv, refresh }
}
