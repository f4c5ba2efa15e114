import type { environment } from './env'

/** What the ground under Vapor is like. */
export interface Platform {
  name: 'node' | 'edgeone'
  /** What a variable is that nobody has set, where it is not what `env.ts` says. */
  defaults: Partial<Record<keyof typeof environment.shape, string>>
  /** More of these than the platform allows would only be cut there, without a word: seconds of an answer, MB of a body. */
  deadlineMax: number
  bodyMaxMb: number
  /**
   * Processes come and go with the requests and stand still between them: no clock runs, nobody reads what a process says
   * before it exits, and its disk is gone with it.
   */
  onDemand: boolean
  /** The longest the end of a stream waits for its own booking; without it as long as that takes. */
  settleWaitMs?: number
}

export const nodePlatform: Platform = { name: 'node', defaults: {}, deadlineMax: Infinity, bodyMaxMb: Infinity, onDemand: false }

/** Of the 120 s a function may run: what is left behind the deadline settles the request and says so to the client. */
export const EDGEONE_MAX_SECONDS = 120
const EDGEONE_LAST_SECONDS = 8

/** https://pages.edgeone.ai/document/node-functions: 6 MB of body, 120 s, a disk that can be written under /tmp. */
export const edgeonePlatform: Platform = {
  name: 'edgeone',
  defaults: { VAPOR_STORE: 'edgeone-kv', VAPOR_DATA_DIR: '/tmp/vapor', VAPOR_REQUESTS_DAYS: '14' },
  deadlineMax: EDGEONE_MAX_SECONDS - EDGEONE_LAST_SECONDS,
  bodyMaxMb: 6,
  onDemand: true,
  settleWaitMs: 2000,
}
