/**
 * Where processes come with the requests: whoever comes starts this one, and starts it again when it could not. What is in
 * the way is said to him, because nobody else is there.
 */
import { toAppError } from '#server/errors/app-error'

/** Behind a failed start it is not tried again at once: each try asks the store. */
const AGAIN_MS = 2_000

let boot: (() => Promise<void>) | undefined
let starting: Promise<string[]> | undefined

/** Tells how to start; the first request does it. */
export function startOnDemand(how: () => Promise<void>): void {
  boot = how
}

/** Starts, or waits for whoever is at it; answers the sentences of what is in the way, none when everything runs. */
export function whenStarted(): Promise<string[]> {
  starting ??= (boot?.() ?? Promise.resolve()).then(() => [], (error: unknown) => {
    setTimeout(() => { starting = undefined }, AGAIN_MS).unref()
    const { message, cause } = toAppError(error)
    return error instanceof StartRefused ? error.problems : [cause === undefined ? message : `${message} (${reasonOf(cause)})`]
  })
  return starting
}

/** What has to be changed outside before a start makes sense. */
export class StartRefused extends Error {
  readonly problems: string[]

  constructor(problems: string[]) {
    super(problems.join(' '))
    this.problems = problems
  }
}

/** The class of an error, not its words: those may hold what it was given. */
function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : typeof cause
}
