import { Redis } from 'ioredis'
import { AppError } from '#server/errors/app-error'
import type { Amounts, CommitResult, Json, ListedRecord, ListOptions, Step, StoredRecord, StoreDriver } from '../../store'
import { deletedRange, listRange } from '../ranges'
import { checkKey, encodeSteps, evaluationOrder } from '../steps'
import type { EncodedStep } from '../steps'
import { storeUnavailable } from '../unavailable'
import { withUnstorageFace } from '../unstorage-face'
import { checkServer } from './check'
import { COMMIT, DELETE_RANGE, LIST, PURGE, READ } from './scripts'

const CONNECT_MS = 5000
const COMMAND_MS = 10_000
const PURGE_EVERY_MS = 15_000
const PURGE_ROWS = 500

export interface RedisOptions {
  /** `redis://` or `rediss://`, with an optional `?prefix=` that keeps several shops apart in one database. */
  url: string
  /** A sentence about a setting that may lose money, for the log. */
  warn: (sentence: string) => void
}

interface Scripts {
  vaporRead(...args: string[]): Promise<([string, string] | null)[]>
  vaporList(...args: string[]): Promise<[key: string, version: string, text: string, expires: string][]>
  vaporDeleteRange(...args: string[]): Promise<number>
  vaporPurge(...args: string[]): Promise<number>
  vaporCommit(...args: string[]): Promise<string[]>
}

/**
 * Opens a store on one Redis primary, 6.2 or newer. Refuses what would lose money: a cluster, a replica, a server that
 * evicts keys, one that keeps nothing on disk. Throws `configuration`.
 */
export async function openRedisStore({ url, warn }: RedisOptions): Promise<StoreDriver> {
  const { address, prefix } = readUrl(url)
  const client = new Redis(address, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    enableAutoPipelining: true,
    // A commit whose answer was lost may have happened: it must never be sent again behind the caller's back.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 1,
    retryStrategy: tries => Math.min(tries * 100, 2000),
    scripts: {
      vaporRead: { lua: READ, numberOfKeys: 0, readOnly: false },
      vaporList: { lua: LIST, numberOfKeys: 0, readOnly: false },
      vaporDeleteRange: { lua: DELETE_RANGE, numberOfKeys: 0 },
      vaporPurge: { lua: PURGE, numberOfKeys: 0 },
      vaporCommit: { lua: COMMIT, numberOfKeys: 0 },
    },
  }) as Redis & Scripts
  // Every command rejects by itself; without a listener the same news would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    await checkServer(client, warn)
  }
  catch (error) {
    client.disconnect()
    throw error instanceof AppError ? error : new AppError('configuration', { problem: `Redis cannot be reached: ${messageOf(error)}.` }, { cause: error })
  }
  return createRedisStore(client, prefix)
}

function createRedisStore(client: Redis & Scripts, prefix: string): StoreDriver {
  const getMany = async <T = Json>(keys: string[]) => {
    if (keys.length === 0) return []
    const rows = await guarded(client.vaporRead(prefix, ...keys.map(checkKey)))
    return rows.map(row => row ? toRecord<T>(row[0], row[1]) : undefined)
  }
  const commit = async (_id: string, steps: Step[]): Promise<CommitResult> => {
    const encoded = encodeSteps(steps)
    const order = evaluationOrder(encoded)
    const answer = await guarded(client.vaporCommit(prefix, JSON.stringify(order.map(index => toScriptStep(encoded[index]!)))))
    return readAnswer(answer, order)
  }
  const purging = setInterval(() => client.vaporPurge(prefix, String(PURGE_ROWS)).catch(() => {}), PURGE_EVERY_MS)
  purging.unref()

  return withUnstorageFace({
    name: 'redis',
    consistency: 'strong',
    get: async <T = Json>(key: string) => (await getMany<T>([key]))[0],
    getMany,
    put: async (key, value, { ttlMs } = {}) => void await commit('put', [{ put: key, value, ttlMs }]),
    delete: async key => void await commit('delete', [{ delete: key }]),
    list: async <T = Json>(prefixOfKeys: string, options: ListOptions) => {
      const { low, high } = listRange(prefixOfKeys, options)
      const rows = await guarded(client.vaporList(prefix, low, high, String(options.limit), options.reverse ? '1' : '0'))
      return rows.map(([key, version, text, expires]): ListedRecord<T> =>
        ({ key, ...toRecord<T>(version, text), ...(expires === '' ? {} : { expiresAt: Number(expires) }) }))
    },
    deleteRange: async (prefixOfKeys, options) => {
      const { low, high } = deletedRange(prefixOfKeys, options)
      return low < high ? guarded(client.vaporDeleteRange(prefix, low, high, String(options.limit))) : 0
    },
    commit,
    close: async () => {
      clearInterval(purging)
      await client.quit().catch(() => client.disconnect())
    },
  })
}

/** A step as the script reads it: a lone counter is a record with one field. */
interface ScriptStep {
  kind: EncodedStep['kind']
  key: string
  version?: string
  text?: string
  single?: boolean
  by?: Record<string, number>
  floor?: Record<string, number>
  ceil?: Record<string, number>
  ttl?: number | undefined
}

function toScriptStep(step: EncodedStep): ScriptStep {
  if (step.kind !== 'add') return step.kind === 'once' || step.kind === 'put' ? { kind: step.kind, key: step.key, text: step.text, ttl: step.ttlMs } : step
  const { kind, key, by, floor, ceil, ttlMs } = step
  return { kind, key, single: typeof by === 'number', by: fieldsOf(by), floor: fieldsOf(floor), ceil: fieldsOf(ceil), ttl: ttlMs }
}

function fieldsOf(amounts: Amounts | undefined): Record<string, number> {
  return typeof amounts === 'number' ? { value: amounts } : amounts ?? {}
}

function readAnswer([outcome, ...rest]: string[], order: number[]): CommitResult {
  if (outcome === 'bad') throw new TypeError(rest[0])
  if (outcome === 'no') {
    const [position, reason, text] = rest as [string, 'floor' | 'ceil' | 'exists' | 'changed', string]
    return { ok: false, step: order[Number(position) - 1]!, reason, value: JSON.parse(text) as Json }
  }
  const values: Json[] = order.map(() => null)
  rest.forEach((text, position) => { values[order[position]!] = JSON.parse(text) as Json })
  return { ok: true, values }
}

function readUrl(url: string): { address: string, prefix: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const prefix = parsed?.searchParams.get('prefix') ?? 'vapor'
  if (!parsed || !/^[a-z0-9_-]{1,40}$/i.test(prefix))
    throw new AppError('configuration', { problem: 'VAPOR_STORE must look like redis://user:password@host:6379/0; a prefix is letters, digits, - and _.' })
  parsed.searchParams.delete('prefix')
  return { address: parsed.href, prefix: `${prefix}:` }
}

function toRecord<T>(version: string, text: string): StoredRecord<T> {
  return { value: JSON.parse(text) as T, version }
}

async function guarded<T>(answer: Promise<T>): Promise<T> {
  try { return await answer }
  catch (error) { throw storeUnavailable(error) }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
