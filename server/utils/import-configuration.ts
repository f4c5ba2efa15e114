import type { z } from 'zod'
import { useRuntime } from '#server/runtime'
import { auditStep } from '#server/users/audit'
import type { UserRecord } from '#server/users/users'
import type { configurationImport, ImportItem } from '#shared/schemas/configuration'
import { requireExpected } from './each-of'
import { planAnnouncements, planChannels, planModels, planSettings } from './import-plan'
import type { Planned } from './import-plan'
import { openSealedCredentials } from './sealed-credentials'

/**
 * What a file would change here, or, when it is no dry run, what it did change: part by part, each in a commit of its
 * own with its line in the audit. Nothing is deleted; what the file does not name stays as it is. Throws invalid_request
 * for a wrong passphrase.
 */
export async function importConfiguration(admin: UserRecord, { configuration, passphrase, dryRun }: z.output<typeof configurationImport>): Promise<ImportItem[]> {
  const credentials = configuration.credentials && passphrase !== undefined ? await openSealedCredentials(configuration.credentials, passphrase) : {}
  const items: ImportItem[] = []
  const run = async (plan: Planned[]) => {
    for (const step of plan) items.push(dryRun ? step.item : await apply(step))
  }
  await run(await planChannels(admin, configuration.channels, credentials))
  // Channels come first: the routes of models lead to them.
  await run(await planModels(admin, configuration))
  await run(await planSettings(admin, configuration.settings))
  await run(await planAnnouncements(admin, configuration.announcements))
  if (!dryRun) await noteImport(admin, items)
  return items
}

async function apply({ item, write }: Planned): Promise<ImportItem> {
  if (!write) return item
  try {
    await write()
    return item
  }
  catch (error) {
    return { ...item, action: 'refused', problem: requireExpected(error) }
  }
}

async function noteImport(admin: UserRecord, items: ImportItem[]): Promise<void> {
  const count = (action: ImportItem['action']) => items.filter(item => item.action === action).length
  await useRuntime().store.commit('audit_import', [auditStep({
    admin: { id: admin.id, username: admin.username },
    action: 'configuration.import',
    target: '',
    before: null,
    after: { created: count('create'), changed: count('change'), refused: count('refused') },
  })])
}
