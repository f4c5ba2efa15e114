import { listAllChannels, listAllModels } from '#server/catalog/catalog-rows'
import { describeModel } from '#server/catalog/replies'
import { useRuntime } from '#server/runtime'
import { describeAnnouncement } from '#server/settings/announcements'
import { auditStep } from '#server/users/audit'
import type { UserRecord } from '#server/users/users'
import type { Configuration } from '#shared/schemas/configuration'
import { sealCredentials } from './sealed-credentials'
import type { CredentialsByChannel } from './sealed-credentials'

/** The configuration as one file; with a passphrase the credentials are in it, encrypted. Leaves a line in the audit. */
export async function exportConfiguration(admin: UserRecord, passphrase: string | undefined): Promise<Configuration> {
  const { announcements, channels, paymentSettings, shopSettings: { groups }, store } = useRuntime()
  const [channelRows, modelRows, announced, site, signUp, limits, payments] = await Promise.all([
    listAllChannels(store), listAllModels(store), announcements.list(),
    groups.site.load(), groups.signUp.load(), groups.limits.load(), paymentSettings.load(),
  ])
  const open: CredentialsByChannel = passphrase === undefined
    ? {}
    : Object.fromEntries(channelRows.map(({ value }) => [value.id, channels.openAll(value).map((text, index) => ({ text, off: value.credentials[index]?.off ?? false }))]))
  const file: Configuration = {
    kind: 'vapor-configuration',
    v: 1,
    exportedAt: new Date().toISOString(),
    channels: channelRows.map(({ value: { id, name, vendor, dialect, baseUrl, enabled, priority, weight, credentials } }) =>
      ({ id, name, vendor, dialect, baseUrl, enabled, priority, weight, credentialHints: credentials.map(({ hint }) => hint) })),
    models: modelRows.map(({ value }) => describeModel(value)),
    settings: { site: site.settings, signUp: signUp.settings, limits: limits.settings, payments: payments.settings },
    announcements: announced.map(({ value }) => describeAnnouncement(value)),
    credentials: passphrase === undefined ? null : await sealCredentials(open, passphrase),
  }
  await store.commit('audit_export', [auditStep({
    admin: { id: admin.id, username: admin.username },
    action: 'configuration.export',
    target: '',
    before: null,
    after: { channels: file.channels.length, models: file.models.length, credentials: passphrase !== undefined },
  })])
  return file
}
