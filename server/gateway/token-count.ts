import type { Catalog } from '#server/catalog/catalog'
import type { Dialect } from '#server/dialects/dialect'
import { AppError } from '#server/errors/app-error'
import type { Callers } from './caller'
import { inputTokens } from './counting/input'
import type { Counter } from './counting/index'
import type { Call, Reply } from './reply'

/** Counts a key may ask for in a minute: they cost time and no money. */
const COUNTS_MAX = 120
const WINDOW_MS = 60_000
const KEYS_MAX = 10_000

/** `count_tokens` and `countTokens`, for a model of any channel: counted here, so the answer is an estimate for most. */
export function createTokenCount({ callers, catalog, counter, now = Date.now }: { callers: Callers, catalog: Catalog, counter: Counter, now?: () => number }) {
  const windows = new Map<string, { count: number, since: number }>()

  function admit(key: string): void {
    const known = windows.get(key)
    const window = known && known.since + WINDOW_MS > now() ? known : { count: 0, since: now() }
    windows.set(key, window)
    if (windows.size > KEYS_MAX) windows.delete(windows.keys().next().value!)
    if (++window.count > COUNTS_MAX) throw new AppError('too_many_counts', { limit: COUNTS_MAX }, { retryAfterSeconds: Math.ceil((window.since + WINDOW_MS - now()) / 1000) })
  }

  return async function countTokens(dialect: Dialect, call: Call): Promise<Reply> {
    const { counting } = dialect
    if (!counting) throw new AppError('not_found', { path: call.target.path })
    const { key } = await callers.require(call)
    admit(key.id)
    const request = counting.read(await call.readBody(), call.target)
    const model = await catalog.findOnSale(request.model)
    if (!model) throw new AppError('model_not_found', { model: request.model })
    const [route] = await catalog.routesOf(model)
    const tokens = await inputTokens(dialect, request, counter, route?.upstreamModel ?? model.name)
    return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: counting.write(tokens) }
  }
}
