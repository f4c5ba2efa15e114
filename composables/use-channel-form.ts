import type { ChannelCreate, ChannelPut, ChannelReply, DialectId } from '#shared/schemas/channel'
import type { VendorId } from '#shared/schemas/vendors'
import { plainCosts } from '#shared/schemas/channel'
import { vendors } from '#shared/schemas/vendors'
import { plainDecimal } from '~/composables/use-price-unit'

export interface ChannelFormState {
  name: string
  vendor: VendorId
  dialect: DialectId
  baseUrl: string
  /** One per line. */
  credentials: string
  priority: number
  weight: number
  enabled: boolean
  costCurrency: string
  costRate: string
}

export function emptyChannelForm(): ChannelFormState {
  return { name: '', vendor: 'generic', dialect: 'openai-chat', baseUrl: '', credentials: '', priority: 0, weight: 1, enabled: true, ...plainCosts }
}

/** Stored credentials never come back to a page: the field starts empty, and empty keeps them. */
export function channelFormOf({ name, vendor, dialect, baseUrl, priority, weight, enabled, costCurrency, costRate }: ChannelReply): ChannelFormState {
  return { name, vendor, dialect, baseUrl, credentials: '', priority, weight, enabled, costCurrency, costRate }
}

/** The form after another vendor was chosen: its address replaces a proposed one, never one that was typed. */
export function withVendor(form: ChannelFormState, vendor: VendorId): ChannelFormState {
  const { name, baseUrls } = vendors[vendor]
  const [proposed] = Object.keys(baseUrls) as DialectId[]
  const next = { ...form, vendor, name: isVendorName(form.name) ? name : form.name }
  if (!proposed || baseUrls[form.dialect] === form.baseUrl) return next
  if (isProposed(form.baseUrl)) return { ...next, dialect: proposed, baseUrl: baseUrls[proposed] ?? '' }
  return { ...next, dialect: form.dialect in baseUrls ? form.dialect : proposed }
}

/** The form after another dialect was chosen, which the vendor may speak somewhere else. */
export function withDialect(form: ChannelFormState, dialect: DialectId): ChannelFormState {
  const baseUrl = vendors[form.vendor].baseUrls[dialect]
  return { ...form, dialect, baseUrl: baseUrl && isProposed(form.baseUrl) ? baseUrl : form.baseUrl }
}

const isProposed = (baseUrl: string): boolean => baseUrl.trim() === '' || Object.values(vendors).some(({ baseUrls }) => Object.values(baseUrls).includes(baseUrl))
const isVendorName = (name: string): boolean => Object.values(vendors).some(vendor => vendor.name === name.trim())

export function channelCreateOf(form: ChannelFormState): ChannelCreate {
  return { ...form, baseUrl: form.baseUrl.trim(), costRate: plainDecimal(form.costRate), credentials: linesOf(form.credentials) }
}

export function channelPutOf(form: ChannelFormState, version: string): ChannelPut {
  const { credentials, ...rest } = form
  const lines = linesOf(credentials)
  return { ...rest, baseUrl: form.baseUrl.trim(), costRate: plainDecimal(form.costRate), version, ...(lines.length ? { credentials: lines } : {}) }
}

function linesOf(text: string): string[] {
  return text.split('\n').map(line => line.trim()).filter(Boolean)
}
