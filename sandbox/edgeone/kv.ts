/**
 * The KV of EdgeOne Pages with its nastiness: several nodes that keep values, misses and lists for up to 60 s, strict keys
 * and cursors, pages of 10 names unless more are asked for and of 256 at most, no conditions, the last write wins.
 * https://pages.edgeone.ai/document/kv-storage
 */
export interface KvNode {
  get: (key: string, type?: string | { type: string }) => Promise<string | null>
  put: (key: string, value: string) => Promise<void>
  delete: (key: string) => Promise<void>
  list: (options?: { prefix?: string, limit?: number, cursor?: string }) => Promise<{ complete: boolean, cursor: string, keys: { key: string }[] }>
}

export interface KvOptions {
  now: () => number
  /** What a node may answer from its memory. */
  stale?: { values?: boolean, misses?: boolean, lists?: boolean }
  /** Called before each operation: throw to fail it, wait to slow it. */
  fault?: (node: number, operation: 'get' | 'put' | 'delete' | 'list', key: string) => Promise<void> | void
}

const STALE_MS = 60_000
const PAGE = 10
const PAGE_MAX = 256
const VALUE_MAX = 26_214_400

export type Kv = ReturnType<typeof createKv>

export function createKv(nodes: number, { now, stale = { values: true, misses: true, lists: true }, fault }: KvOptions) {
  const central = new Map<string, string>()
  const caches = Array.from({ length: nodes }, () => ({
    values: new Map<string, { value: string | null, at: number }>(),
    lists: new Map<string, { names: string[], at: number }>(),
  }))

  function createNode(index: number): KvNode {
    const cache = caches[index]!
    const fresh = (at: number) => now() - at < STALE_MS

    function read(key: string): string | null {
      const known = cache.values.get(key)
      if (known && fresh(known.at) && (known.value === null ? stale.misses : stale.values)) return known.value
      const value = central.get(key) ?? null
      cache.values.set(key, { value, at: now() })
      return value
    }

    /** A node sees its own writes at once, in lists too. */
    function write(key: string, value: string | null): void {
      if (value === null) central.delete(key)
      else central.set(key, value)
      cache.values.set(key, { value, at: now() })
      cache.lists.clear()
    }

    function names(prefix: string): string[] {
      const known = cache.lists.get(prefix)
      if (known && fresh(known.at) && stale.lists) return known.names
      const found = [...central.keys()].filter(key => key.startsWith(prefix)).sort()
      cache.lists.set(prefix, { names: found, at: now() })
      return found
    }

    return {
      async get(key) {
        checkKey(key)
        await fault?.(index, 'get', key)
        return read(key)
      },
      async put(key, value) {
        checkKey(key)
        if (typeof value !== 'string' || Buffer.byteLength(value) > VALUE_MAX) throw new Error('Param Invalid')
        await fault?.(index, 'put', key)
        write(key, value)
      },
      async delete(key) {
        checkKey(key)
        await fault?.(index, 'delete', key)
        write(key, null)
      },
      async list(options = {}) {
        if ('cursor' in options && typeof options.cursor !== 'string') throw new Error(`cursor type invalid. expect: 'string' get: '${typeof options.cursor}'`)
        const { prefix = '', limit = PAGE, cursor } = options
        if (prefix !== '') checkKey(prefix)
        await fault?.(index, 'list', prefix)
        const all = names(prefix)
        const from = cursor === undefined ? 0 : all.findIndex(name => name > cursor)
        const page = from < 0 ? [] : all.slice(from, from + Math.min(limit, PAGE_MAX))
        const complete = from < 0 || from + page.length >= all.length
        return { complete, cursor: complete ? '' : page.at(-1) ?? '', keys: page.map(key => ({ key })) }
      },
    }
  }

  return { nodes: Array.from({ length: nodes }, (_, index) => createNode(index)), central }
}

function checkKey(key: string): void {
  if (typeof key !== 'string' || !/^[A-Za-z0-9_]{1,512}$/.test(key)) throw new Error('Param Invalid: Key can only contain letters, numbers, and underscores')
}
