import type { Ledger } from '#server/billing/ledger'
import { createStatement } from '#server/billing/statement'
import { createStatistics } from '#server/billing/statistics'
import { createCatalog } from '#server/catalog/catalog'
import { createChannels } from '#server/catalog/channels'
import { createModels } from '#server/catalog/models'
import type { Config } from '#server/config'
import type { Gateway } from '#server/gateway'
import type { Vault } from '#server/secrets/vault'
import type { Store, StoreDriver } from '#server/storage/store'
import type { VersionWatch } from '#server/storage/versions'
import { createConnect } from '#server/users/connect'
import { createKeys } from '#server/users/keys'
import { createAttemptCookies } from '#server/users/oauth-cookie'
import { createSessions } from '#server/users/session'
import { createSignIn } from '#server/users/sign-in'
import { createUsers } from '#server/users/users'

export interface ServicesOptions {
  config: Config
  store: Store
  versions: VersionWatch
  vault: Vault
  /** What went wrong where nobody waits for an answer. */
  onError: (error: unknown) => void
}

export type Services = ReturnType<typeof createServices>

/** Puts together what the consoles are made of: people, catalogue, and the reading side of the money. */
export function createServices({ config, store, versions, vault, onError }: ServicesOptions) {
  const users = createUsers({ store, versions })
  const channels = createChannels({ store, versions, vault, allowPrivate: config.VAPOR_ALLOW_PRIVATE_UPSTREAMS })
  return {
    users,
    keys: createKeys({ store, versions, onError }),
    sessions: createSessions(config.JWT_SECRET),
    attemptCookies: createAttemptCookies(config.JWT_SECRET, config.secure),
    signIn: createSignIn({ connect: createConnect(config), users, config }),
    channels,
    models: createModels({ store, versions }),
    catalog: createCatalog({ store, versions, channels, onError }),
    statement: createStatement({ store }),
    statistics: createStatistics({ store, timeZone: config.VAPOR_TIME_ZONE }),
  }
}

/** What the boot plugin has made, once per process. Handlers take it from here; rooms get what they need as arguments. */
export interface Runtime extends Services, Pick<Gateway, 'relay' | 'modelList' | 'keyInfo' | 'probe' | 'health'> {
  config: Config
  store: StoreDriver
  versions: VersionWatch
  ledger: Ledger
  /** Whose address a connection speaks for, behind the trusted proxies. */
  addressOf(peer: string | undefined, forwarded: string | undefined): string
  /** Requests of the public protocol running in this process now. */
  openRequests(): number
  /** Settlements waiting because the store could not take them. */
  outboxSize(): number
  log: { error(message: string, cause?: unknown): void }
}

let current: Runtime | undefined

export function useRuntime(): Runtime {
  if (!current) throw new Error('the runtime is made at boot, before the first request')
  return current
}

export function setRuntime(runtime: Runtime): void {
  current = runtime
}
