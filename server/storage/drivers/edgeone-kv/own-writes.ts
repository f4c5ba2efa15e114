/**
 * A process sees what it has written itself, whichever node of the edge answers: for as long as a node may be behind, its
 * own writes are laid over what comes back.
 */
import type { KvAnswer, KvBatch, KvOperation } from './kv'

/** Nodes are at most 60 s behind. */
const KEPT_MS = 70_000

interface OwnWrite {
  /** Null: deleted. */
  value: string | null
  at: number
}

export interface OwnWritesOptions {
  now: () => number
  /** True when the first of two texts of one key was written later. */
  isLater: (first: string, second: string) => boolean
}

export function layOwnWrites(batch: KvBatch, { now, isLater }: OwnWritesOptions): KvBatch {
  const own = new Map<string, OwnWrite>()

  function forget(): void {
    for (const [key, { at }] of own) {
      // In the order of writing: the first that is young ends the search.
      if (at > now() - KEPT_MS) return
      own.delete(key)
    }
  }

  function remember(operation: KvOperation): void {
    if (operation.op !== 'put' && operation.op !== 'delete') return
    own.delete(operation.key)
    own.set(operation.key, { value: operation.op === 'put' ? operation.value : null, at: now() })
  }

  function overGet(key: string, found: string | null): string | null {
    const mine = own.get(key)
    if (!mine) return found
    if (mine.value === null || found === null) return mine.value
    return isLater(found, mine.value) ? found : mine.value
  }

  /** Names between `after` and the last one found; to the end of the prefix when the page was not full. */
  function overList({ prefix, after, limit }: Extract<KvOperation, { op: 'list' }>, found: string[]): string[] {
    const last = found.length < limit ? undefined : found.at(-1)!
    const names = new Set(found)
    for (const [key, { value }] of own) {
      if (!key.startsWith(prefix) || (after !== undefined && key <= after) || (last !== undefined && key > last)) continue
      if (value === null) names.delete(key)
      else names.add(key)
    }
    return [...names].sort()
  }

  return async (operations) => {
    forget()
    const answers = await batch(operations)
    operations.forEach(remember)
    return answers.map((answer, at): KvAnswer => {
      const operation = operations[at]!
      if (operation.op === 'get') return overGet(operation.key, answer as string | null)
      return operation.op === 'list' ? overList(operation, answer as string[]) : answer
    })
  }
}
