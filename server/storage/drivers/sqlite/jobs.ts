/** What travels between the threads: a write on its way to the one writer, and what became of it. */
import type { CommitResult, Step, Store } from '../../store'
import { deletedRange } from '../ranges'
import type { KeyRange } from '../ranges'
import { encodeSteps } from '../steps'
import type { EncodedStep } from '../steps'
import { storeUnavailable } from '../unavailable'

/** `at` replaces the writer's clock; only tests set it. */
export type Job =
  | { kind: 'commit', steps: EncodedStep[], at?: number }
  | { kind: 'deleteRange', range: KeyRange, limit: number, at?: number }

export type Outcome =
  | { done: CommitResult | number }
  /** `misuse` is a mistake of the caller; anything else is the store's own trouble. */
  | { failed: string, misuse: boolean }

export type Writes = Pick<Store, 'commit' | 'deleteRange'>

/** The writing half of a store over anything that carries jobs to the writer. */
export function createWrites(send: (job: Job) => Promise<Outcome>, now?: () => number): Writes {
  return {
    commit: async (id: string, steps: Step[]) => read<CommitResult>(id, await send({ kind: 'commit', steps: encodeSteps(steps), at: now?.() })),
    deleteRange: async (prefix, options) =>
      read<number>(prefix, await send({ kind: 'deleteRange', range: deletedRange(prefix, options), limit: options.limit, at: now?.() })),
  }
}

function read<T extends CommitResult | number>(what: string, outcome: Outcome): T {
  if ('done' in outcome) return outcome.done as T
  throw outcome.misuse ? new TypeError(outcome.failed) : storeUnavailable(`${what}: ${outcome.failed}`)
}
