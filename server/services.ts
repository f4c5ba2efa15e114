import { createStatement } from '#server/billing/statement'
import { createStatistics } from '#server/billing/statistics'
import { createCatalog } from '#server/catalog/catalog'
import { createChannels } from '#server/catalog/channels'
import { createModels } from '#server/catalog/models'
import type { Config } from '#server/config'
import type { Vault } from '#server/secrets/vault'
import type { Store } from '#server/storage/store'
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
