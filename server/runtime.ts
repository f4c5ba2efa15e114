import type { Ledger } from '#server/billing/ledger'
import type { Config } from '#server/config'
import type { Log } from '#server/config/log'
import type { Gateway } from '#server/gateway'
import type { Jobs } from '#server/ops/jobs'
import type { Readiness } from '#server/ops/ready'
import type { Services } from '#server/services'
import type { StoreDriver } from '#server/storage/store'
import type { VersionWatch } from '#server/storage/versions'

/** What the boot plugin has made, once per process. Handlers take it from here; rooms get what they need as arguments. */
export interface Runtime extends Services, Pick<Gateway, 'relay' | 'openRequests' | 'modelList' | 'keyInfo' | 'requireCaller' | 'countTokens' | 'probe' | 'health' | 'endRunning' | 'refusals' | 'noteRefusal'> {
  config: Config
  store: StoreDriver
  versions: VersionWatch
  ledger: Ledger
  /** Whose address a connection speaks for, behind the trusted proxies. */
  addressOf(peer: string | undefined, forwarded: string | undefined): string
  /** Settlements waiting because the store could not take them. */
  outboxSize(): number
  log: Log
  /** Work nobody waits for. Whoever has some adds it at boot. */
  jobs: Jobs
  /** Why this instance should get no requests; empty when it should. */
  notReady: Readiness
  /** The metrics as text, or undefined when nobody may read them. */
  writeMetrics: (() => string) | undefined
}

let current: Runtime | undefined

export function useRuntime(): Runtime {
  if (!current) throw new Error('the runtime is made at boot, before the first request')
  return current
}

/** The same before the boot is over: undefined then. */
export const findRuntime = (): Runtime | undefined => current

export function setRuntime(runtime: Runtime): void {
  current = runtime
}
