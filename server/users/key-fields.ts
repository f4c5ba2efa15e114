import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import type { keyCreate, keyPatch } from '#shared/schemas/key'
import { parseSafeNano } from '#shared/utils/money'
import type { KeyChange, KeyFields } from './keys'

/** The form of a new key in the units of the store; throws invalid_request for a limit no balance can reach. */
export function readKeyFields(form: z.output<typeof keyCreate>): KeyFields {
  return { name: form.name, models: form.models, expiresAt: readTime(form.expiresAt), spendLimit: readLimit(form.spendLimit) }
}

/** Like {@link readKeyFields}; a field that is absent stays absent. */
export function readKeyChange(form: z.output<typeof keyPatch>): KeyChange {
  return {
    ...(form.name === undefined ? {} : { name: form.name }),
    ...(form.enabled === undefined ? {} : { enabled: form.enabled }),
    ...(form.models === undefined ? {} : { models: form.models }),
    ...(form.expiresAt === undefined ? {} : { expiresAt: readTime(form.expiresAt) }),
    ...(form.spendLimit === undefined ? {} : { spendLimit: readLimit(form.spendLimit) }),
  }
}

function readTime(iso: string | null): number | null {
  return iso === null ? null : Date.parse(iso)
}

function readLimit(credits: string | null): number | null {
  if (credits === null) return null
  const nano = parseSafeNano(credits)
  if (nano === undefined) throw new AppError('invalid_request', { problem: 'spendLimit: at most 9007199 credits' })
  return nano
}
