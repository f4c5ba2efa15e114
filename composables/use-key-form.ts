import type { KeyCreate, KeyReply, limitPeriods } from '#shared/schemas/key'

export const expiryChoices = ['never', '7', '30', '90', '365', 'custom'] as const
export type ExpiryChoice = typeof expiryChoices[number]

/** Limits that are counts, in the order they are shown. */
export const countLimits = ['rpm', 'tpm', 'concurrency'] as const
type LimitName = typeof limitPeriods[number] | typeof countLimits[number]

export interface KeyFormState {
  name: string
  expiry: ExpiryChoice
  /** What the browser's own field holds: a local time without a zone. */
  customExpiry: string
  spendLimit: string
  /** What stands in each field; empty is no limit. */
  limits: Record<LimitName, string>
  models: string[]
  /** One a line. */
  ips: string
}

const DAY = 86_400_000

export function emptyKeyForm(): KeyFormState {
  return { name: '', expiry: 'never', customExpiry: '', spendLimit: '', limits: { day: '', week: '', month: '', rpm: '', tpm: '', concurrency: '' }, models: [], ips: '' }
}

export function keyFormOf(key: KeyReply): KeyFormState {
  return {
    name: key.name,
    expiry: key.expiresAt ? 'custom' : 'never',
    customExpiry: key.expiresAt ? toLocalField(key.expiresAt) : '',
    spendLimit: key.spendLimit ?? '',
    limits: Object.fromEntries(Object.entries(key.limits).map(([name, limit]) => [name, limit === null ? '' : String(limit)])) as KeyFormState['limits'],
    models: [...key.models],
    ips: key.ips.join('\n'),
  }
}

/** The form as a body of the API. */
export function keyBodyOf(form: KeyFormState): KeyCreate {
  const { rpm, tpm, concurrency, ...money } = form.limits
  return {
    name: form.name,
    expiresAt: expiryOf(form),
    spendLimit: moneyOf(form.spendLimit),
    limits: { day: moneyOf(money.day), week: moneyOf(money.week), month: moneyOf(money.month), rpm: countOf(rpm), tpm: countOf(tpm), concurrency: countOf(concurrency) },
    models: form.models,
    ips: form.ips.split(/[\s,，;；]+/).filter(Boolean),
  }
}

/** How many of the limits that are folded away are set. */
export function countFolded({ limits, ips }: KeyFormState): number {
  return Object.values(limits).filter(Boolean).length + (ips.trim() ? 1 : 0)
}

function moneyOf(text: string): string | null {
  return text === '' ? null : plainDecimal(text)
}

/** What is no number stays none, so that the schema refuses it and the field says so. */
function countOf(text: string): number | null {
  const plain = text.replace(/[,\s]/g, '')
  return plain === '' ? null : Number(plain)
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
