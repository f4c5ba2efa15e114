import type { KeyCreate, KeyReply } from '#shared/schemas/key'

export const expiryChoices = ['never', '7', '30', '90', '365', 'custom'] as const
export type ExpiryChoice = typeof expiryChoices[number]

export interface KeyFormState {
  name: string
  expiry: ExpiryChoice
  /** What the browser's own field holds: a local time without a zone. */
  customExpiry: string
  spendLimit: string
  models: string[]
}

const DAY = 86_400_000

export function emptyKeyForm(): KeyFormState {
  return { name: '', expiry: 'never', customExpiry: '', spendLimit: '', models: [] }
}

export function keyFormOf(key: KeyReply): KeyFormState {
  return {
    name: key.name,
    expiry: key.expiresAt ? 'custom' : 'never',
    customExpiry: key.expiresAt ? toLocalField(key.expiresAt) : '',
    spendLimit: key.spendLimit ?? '',
    models: [...key.models],
  }
}

/** The form as a body of the API. */
export function keyBodyOf(form: KeyFormState): KeyCreate {
  return {
    name: form.name,
    expiresAt: expiryOf(form),
    spendLimit: form.spendLimit === '' ? null : plainDecimal(form.spendLimit),
    models: form.models,
  }
}

function expiryOf({ expiry, customExpiry }: KeyFormState): string | null {
  if (expiry === 'never') return null
  if (expiry !== 'custom') return new Date(Date.now() + Number(expiry) * DAY).toISOString()
  const time = new Date(customExpiry)
  // Left as it is, the schema refuses it and the field says so.
  return Number.isNaN(time.getTime()) ? 'unset' : time.toISOString()
}

/** An instant as `<input type="datetime-local">` wants it: the reader's own wall clock. */
function toLocalField(iso: string): string {
  const time = new Date(iso)
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
