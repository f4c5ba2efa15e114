import { createAlerts } from '#server/billing/alerts'
import { createAudit } from '#server/billing/audit/index'
import { createCodes } from '#server/billing/codes/index'
import { createInvitations } from '#server/billing/invitations'
import { createKeyUsages } from '#server/billing/key-usage'
import type { Ledger } from '#server/billing/ledger'
import { createPayments } from '#server/billing/payments/index'
import type { FetchText } from '#server/billing/payments/index'
import { createPeriods } from '#server/billing/periods'
import { createReceipts } from '#server/billing/receipts'
import { createStatement } from '#server/billing/statement'
import { createStatistics } from '#server/billing/statistics'
import { sweepOrphans } from '#server/billing/sweeper'
import { createCatalog } from '#server/catalog/catalog'
import { createChannels } from '#server/catalog/channels'
import { createModels } from '#server/catalog/models'
import type { Config } from '#server/config'
import { createSigner } from '#server/secrets/signing-key'
import type { Vault } from '#server/secrets/vault'
import { createAnnouncements } from '#server/settings/announcements'
import { createSettingGroup } from '#server/settings/settings'
import { createShopSettings } from '#server/settings/shop-settings'
import type { Store } from '#server/storage/store'
import type { VersionWatch } from '#server/storage/versions'
import { createConnect } from '#server/users/connect'
import { createEndedSessions } from '#server/users/ended-sessions'
import { createInvites } from '#server/users/invites'
import { createKeys } from '#server/users/keys'
import { createAttemptCookies } from '#server/users/oauth-cookie'
import { createPlaygroundKeys } from '#server/users/playground-keys'
import { createSessions } from '#server/users/session'
import { createSignIn } from '#server/users/sign-in'
import { createUsers } from '#server/users/users'
import { paymentSettings as paymentSettingsSchema } from '#shared/schemas/payment'
import { parseSafeNano } from '#shared/utils/money'

export interface ServicesOptions {
  config: Config
  store: Store
  versions: VersionWatch
  vault: Vault
  ledger: Ledger
  /** Names this process where one of several leads. */
  instance: string
  /** Calls the payment gateway, and our own address. */
  fetchText: FetchText
  fetchOwn: FetchText
  /** What went wrong where nobody waits for an answer. */
  onError: (error: unknown) => void
}

export type Services = ReturnType<typeof createServices>

/** Puts together what the consoles are made of: people, catalogue, and the reading side of the money. */
export function createServices({ config, store, versions, vault, ledger, instance, fetchText, fetchOwn, onError }: ServicesOptions) {
  const users = createUsers({ store, versions })
  const endedSessions = createEndedSessions({ store })
  const signer = createSigner({ store, vault })
  const channels = createChannels({ store, versions, vault, allowPrivate: config.VAPOR_ALLOW_PRIVATE_UPSTREAMS })
  const paymentSettings = createSettingGroup({ store, versions, now: Date.now }, 'payments', paymentSettingsSchema)
  const shopSettings = createShopSettings({ store, versions, now: Date.now, config, onError })
  const invitations = createInvitations({ store, ledger, inviterOf: async user => (await users.get(user))?.invitedBy })
  const follow = {
    async credit({ user: invitee, id: order }: { user: string, id: string }) {
      const { inviteCredit, inviteCap: cap } = await paymentSettings.read()
      await invitations.rewardInviter({ invitee, order, credit: parseSafeNano(inviteCredit) ?? 0, cap })
    },
    async reversal({ user: invitee, id: order }: { user: string, id: string }) {
      await invitations.reverseInvite({ invitee, order })
    },
  }
  return {
    users,
    invites: createInvites({ store, getUser: users.get, getUsers: users.getMany }),
    keys: createKeys({ store, versions, onError }),
    keyUsages: createKeyUsages({ store, periods: createPeriods(config.VAPOR_TIME_ZONE), now: Date.now }),
    sessions: createSessions(config.JWT_SECRET),
    endedSessions,
    playgroundKeys: createPlaygroundKeys({ secrets: config.JWT_SECRET, getUser: users.get, endedSessions, now: Date.now }),
    attemptCookies: createAttemptCookies(config.JWT_SECRET, config.secure),
    signIn: createSignIn({ connect: createConnect(config), users, config, gate: shopSettings.signUp }),
    channels,
    models: createModels({ store, versions }),
    catalog: createCatalog({ store, versions, channels, onError }),
    statement: createStatement({ store }),
    codes: createCodes({ store, ledger }),
    invitations,
    paymentSettings,
    shopSettings,
    announcements: createAnnouncements({ store, versions, now: Date.now }),
    payments: createPayments({ store, ledger, config, settings: paymentSettings, follow, fetchText, fetchOwn, now: Date.now, onError }),
    signer,
    receipts: createReceipts({ store, signer, issuer: config.publicOrigin ?? 'vapor' }),
    audit: createAudit({
      store,
      alerts: createAlerts({ store, now: Date.now }),
      timeZone: config.VAPOR_TIME_ZONE,
      instance,
      deadlineMs: config.VAPOR_DEADLINE * 1000,
      sweep: () => sweepOrphans({ store, ledger, requestsTtlMs: config.VAPOR_REQUESTS_DAYS * 86_400_000 }),
      now: Date.now,
      pause: ms => new Promise(resolve => setTimeout(resolve, ms).unref()),
      onError,
    }),
    statistics: createStatistics({ store, timeZone: config.VAPOR_TIME_ZONE }),
  }
}
