import { z } from 'zod'
import { announcementCreate } from './announcement'
import { channelPut } from './channel'
import { recordId } from './common'
import { modelCreate } from './model'
import { paymentSettings } from './payment'
import { limitSettings, signUpSettings, siteSettings } from './settings'

/** Credentials under a passphrase: scrypt makes the key, AES-256-GCM encrypts; all of it base64url. */
const sealedCredentials = z.strictObject({ salt: z.string().max(64), iv: z.string().max(32), data: z.string().max(400_000) })

const channel = z.strictObject({
  id: recordId,
  ...channelPut.omit({ version: true, credentials: true }).shape,
  /** Last characters only, to recognise them by; nothing is made from these. */
  credentialHints: z.array(z.string()).max(50).default([]),
})

/** The configuration of a shop as one file. Users, keys, money and requests are no part of it. */
export const configuration = z.strictObject({
  kind: z.literal('vapor-configuration'),
  v: z.literal(1),
  exportedAt: z.iso.datetime(),
  channels: z.array(channel).max(500),
  /** A route names its channel by id; a model is known by its name. */
  models: z.array(modelCreate).max(2000),
  settings: z.strictObject({ site: siteSettings, signUp: signUpSettings, limits: limitSettings, payments: paymentSettings }).partial(),
  announcements: z.array(announcementCreate).max(200),
  /** By channel id, when the export was made with a passphrase. */
  credentials: sealedCredentials.nullable().default(null),
})
export type Configuration = z.output<typeof configuration>

const passphrase = z.string().min(8, 'at least 8 characters').max(200)
export const configurationExport = z.strictObject({ passphrase })

export const configurationImport = z.strictObject({
  configuration,
  /** Needed when the file holds credentials that are to be taken over. */
  passphrase: passphrase.optional(),
  /** True: say what would change, and change nothing. */
  dryRun: z.boolean(),
})
export type ConfigurationImport = z.input<typeof configurationImport>

/** `missing` has no credentials here or in the file: such a channel is made, but switched off. */
export const importActions = ['create', 'change', 'same', 'refused'] as const
export const importReply = z.object({
  dryRun: z.boolean(),
  items: z.array(z.object({
    kind: z.enum(['channel', 'model', 'settings', 'announcement']),
    name: z.string(),
    action: z.enum(importActions),
    /** Fields that are different, as text a person can compare; secrets by their hints. */
    changes: z.array(z.object({ field: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
    /** Why it was refused, or what is left to do. */
    note: z.enum(['no_credentials', 'unknown_channel']).nullable(),
    problem: z.string().nullable(),
  })),
})
export type ImportReply = z.output<typeof importReply>
export type ImportItem = ImportReply['items'][number]
