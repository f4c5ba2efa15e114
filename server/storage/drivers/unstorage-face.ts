import { base32, base32Prefix } from '../keys'
import { LIST_MAX } from '../store'
import type { Store, StoreDriver } from '../store'

const PREFIX = 'doc_'
const DIGITS = '0123456789abcdefghijklmnopqrstuv'
const DELETES_PER_COMMIT = 200

/**
 * Makes a store a driver for `createStorage({ driver })`. unstorage's keys hold any character, so they are kept as
 * base32 under one prefix, beside the shop's own records and out of their way. Keys up to 247 bytes fit.
 *
 * There is no `dispose`: whoever opened the store closes it, not a mount that happens to use it.
 */
export function withUnstorageFace(store: Store): StoreDriver {
  const get = async (key: string) => (await store.get<string>(documentKey(key)))?.value ?? null
  return {
    ...store,
    flags: { ttl: true },
    hasItem: async key => await store.get(documentKey(key)) !== undefined,
    getItem: get,
    setItem: (key, value, options: { ttl?: number } = {}) =>
      store.put(documentKey(key), value, options.ttl ? { ttlMs: options.ttl * 1000 } : undefined),
    removeItem: key => store.delete(documentKey(key)),
    getKeys: base => documentNames(store, base),
    clear: async (base) => {
      const names = await documentNames(store, base)
      for (let begin = 0; begin < names.length; begin += DELETES_PER_COMMIT)
        await store.commit('clear documents', names.slice(begin, begin + DELETES_PER_COMMIT).map(name => ({ delete: documentKey(name) })))
    },
  }
}

function documentKey(name: string): string {
  return PREFIX + base32(name)
}

async function documentNames(store: Store, base = ''): Promise<string[]> {
  const names: string[] = []
  const prefix = PREFIX + base32Prefix(base)
  for (let after: string | undefined; ;) {
    const page = await store.list(prefix, { after, limit: LIST_MAX })
    names.push(...page.map(row => decodeBase32(row.key.slice(PREFIX.length))))
    if (page.length < LIST_MAX) return names.filter(name => name.startsWith(base))
    after = page.at(-1)!.key
  }
}

/** The inverse of {@link base32}; bits that do not fill a byte are padding. */
function decodeBase32(text: string): string {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const digit of text) {
    value = ((value << 5) | DIGITS.indexOf(digit)) & 0xFFFF
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((value >>> bits) & 0xFF)
    }
  }
  return Buffer.from(bytes).toString('utf8')
}
