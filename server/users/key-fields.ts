import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import type { keyCreate, keyPatch } from '#shared/schemas/key'
import { limitPeriods } from '#shared/schemas/key'
import { parseSafeNano } from '#shared/utils/money'
import type { KeyChange, KeyFields, KeyRecordLimits } from './keys'

/** The form of a new key in the units of the store; throws invalid_request for a limit no balance can reach. */
export function readKeyFields(form: z.output<typeof keyCreate>): KeyFields {
  return { name: form.name, models: form.models, ips: form.ips, expiresAt: readTime(form.expiresAt), spendLimit: readLimit(form.spendLimit, 'spendLimit'), limits: readLimits(form.limits) }
}

/** Like {@link readKeyFields}; a field that is absent stays absent. */
export function readKeyChange(form: z.output<typeof keyPatch>): KeyChange {
  return {
    ...(form.name === undefined ? {} : { name: form.name }),
    ...(form.enabled === undefined ? {} : { enabled: form.enabled }),
    ...(form.models === undefined ? {} : { models: form.models }),
    ...(form.expiresAt === undefined ? {} : { expiresAt: readTime(form.expiresAt) }),
    ...(form.ips === undefined ? {} : { ips: form.ips }),
    ...(form.spendLimit === undefined ? {} : { spendLimit: readLimit(form.spendLimit, 'spendLimit') }),
    ...(form.limits === undefined ? {} : { limits: readLimits(form.limits) }),
  }
}

function readTime(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso)
}

/** Those that are named, as they are stored: money in nano-credits. */
function readLimits({ rpm, tpm, concurrency, ...money }: z.output<typeof keyCreate>['limits']): Partial<KeyRecordLimits> {
  const counts = Object.entries({ rpm, tpm, concurrency }).filter(([, value]) => value !== undefined)
  const amounts = limitPeriods.flatMap((period) => {
    const credits = money[period]
    return credits === undefined ? [] : [[period, readLimit(credits, `limits.${period}`)] as const]
  })
  return Object.fromEntries([...counts, ...amounts])
}

function readLimit(credits: string | null, field: string): number | null {
  if (credits === null) return null
  const nano = parseSafeNano(credits)
  if (nano === undefined) throw new AppError('invalid_request', { problem: `${field}: at most 9007199 credits` })
  return nano
}
