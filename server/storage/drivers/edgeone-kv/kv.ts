/**
 * The KV of EdgeOne Pages as it is: text under keys of `[A-Za-z0-9_]{1,512}`, lists of names in byte order, nothing
 * conditional, reads up to 60 s old (https://pages.edgeone.ai/document/kv-storage). Both ways to it take the same batches.
 */
export interface KvBinding {
  get(key: string): Promise<string | null>
  put(key: string, value: string): Promise<void>
  delete(key: string): Promise<void>
  list(options: { prefix: string, limit: number, cursor?: string }): Promise<{ complete: boolean, cursor?: string, keys: ({ key?: string, name?: string } | string)[] }>
}

/**
 * `list` answers names behind `after`, at most `limit`. `notAfter`, epoch milliseconds by the clock of the edge, refuses a
 * put that comes too late, and everything behind it in the batch.
 */
export type KvOperation =
  | { op: 'get', key: string }
  | { op: 'put', key: string, value: string, notAfter?: number }
  | { op: 'delete', key: string }
  | { op: 'list', prefix: string, after?: string, limit: number }

/** Answers in the order asked: text or null, names, true for a write. */
export type KvAnswer = string | null | string[] | true

/** Operations are carried out one after another, reads side by side. Throws {@link KvTooLate}; any other error is unknown. */
export type KvBatch = (operations: KvOperation[]) => Promise<KvAnswer[]>

export class KvTooLate extends Error {
  constructor() { super('the window of this write has been closed') }
}

/** The most a page of names may have; asked for always, because what comes without asking is not documented. */
const PAGE = 256

/** Carries a batch out on a binding: on the platform's edge, or where a global of that name is there. */
export async function runBatch(kv: KvBinding, operations: KvOperation[], now: () => number): Promise<KvAnswer[]> {
  const answers: KvAnswer[] = []
  for (let at = 0; at < operations.length;) {
    const reads = readsFrom(operations, at)
    if (reads.length > 0) answers.push(...await Promise.all(reads.map(operation => read(kv, operation))))
    else await write(kv, operations[at]!, now)
    if (reads.length === 0) answers.push(true)
    at += reads.length || 1
  }
  return answers
}

type Reading = Extract<KvOperation, { op: 'get' | 'list' }>

function readsFrom(operations: KvOperation[], at: number): Reading[] {
  const reads: Reading[] = []
  for (let index = at; index < operations.length; index++) {
    const operation = operations[index]!
    if (operation.op !== 'get' && operation.op !== 'list') break
    reads.push(operation)
  }
  return reads
}

async function read(kv: KvBinding, operation: Reading): Promise<string | null | string[]> {
  return operation.op === 'get' ? kv.get(operation.key) : listNames(kv, operation)
}

async function write(kv: KvBinding, operation: KvOperation, now: () => number): Promise<void> {
  if (operation.op === 'delete') return kv.delete(operation.key)
  if (operation.op !== 'put') return
  if (operation.notAfter !== undefined && now() > operation.notAfter) throw new KvTooLate()
  await kv.put(operation.key, operation.value)
}

/** A cursor is the last name seen: the platform gives that one, or none at all. An absent cursor must not be named. */
async function listNames(kv: KvBinding, { prefix, after, limit }: Extract<KvOperation, { op: 'list' }>): Promise<string[]> {
  const names: string[] = []
  for (let cursor = after; names.length < limit;) {
    const page = await kv.list({ prefix, limit: Math.min(PAGE, limit - names.length), ...(cursor === undefined ? {} : { cursor }) })
    const found = page.keys.map(nameOf)
    names.push(...found)
    const next = page.cursor || found.at(-1)
    if (page.complete || found.length === 0 || next === undefined || next === cursor) break
    cursor = next
  }
  return names
}

/** Documentation and platform disagree about what an item of a list looks like. */
function nameOf(item: { key?: string, name?: string } | string): string {
  return typeof item === 'string' ? item : item.key ?? item.name ?? ''
}
