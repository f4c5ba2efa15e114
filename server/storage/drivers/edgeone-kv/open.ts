import { AppError } from '#server/errors/app-error'
import { createHttpBatch } from './http'
import { createKvStore } from './index'
import type { KvStore } from './index'
import { runBatch } from './kv'
import type { KvBatch, KvBinding } from './kv'

export interface KvSettings {
  /** Name of a global that is the KV, where the platform gives one. */
  binding: string
  /** Where the edge function answers; undefined when no variable tells the shop's address. */
  origin: string | undefined
  /** JWT_SECRET, split at its commas. */
  secrets: readonly string[]
}

export interface OpenKvOptions extends KvSettings {
  reversed: readonly string[]
  now?: () => number
}

/**
 * Opens the KV by whichever way there is, and asks once whether it answers: what is set up wrong is said at the start, as
 * AppError `configuration`; a KV that is only away is `store_unavailable`.
 */
export async function openKvStore({ reversed, now = Date.now, ...settings }: OpenKvOptions): Promise<KvStore> {
  const bound = (globalThis as Record<string, unknown>)[settings.binding] as KvBinding | undefined
  const batch = bound ? (operations => runBatch(bound, operations, now)) satisfies KvBatch : httpBatch(settings, now)
  try { await batch([]) }
  catch (cause) { throw cause instanceof AppError ? cause : new AppError('store_unavailable', {}, { cause }) }
  return createKvStore({ batch, now, reversed })
}

function httpBatch({ origin, secrets }: KvSettings, now: () => number): KvBatch {
  const [secret] = secrets
  if (origin === undefined) throw new AppError('configuration', { problem: 'VAPOR_STORE=edgeone-kv needs the address of the shop: set OAUTH_REDIRECT_URI, or VAPOR_KV_URL.' })
  if (secret === undefined) throw new AppError('configuration', { problem: 'VAPOR_STORE=edgeone-kv needs JWT_SECRET, which signs its calls.' })
  return createHttpBatch({ origin, secret, fetch: plainFetch, now })
}

/** The platform puts another `fetch` in place of the plain one, which sends again what failed, and keeps the plain one here. */
const plainFetch: typeof fetch = (input, init) => {
  const { __originalFetch: original } = globalThis as { __originalFetch?: typeof fetch }
  return (original ?? globalThis.fetch)(input, init)
}
