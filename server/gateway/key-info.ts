import type { Ledger } from '#server/billing/ledger'
import type { KeyUsages } from '#server/billing/key-usage'
import type { Periods } from '#server/billing/periods'
import { formatNano, NANO_PER_CREDIT } from '#shared/utils/money'
import type { Callers } from './caller'
import { limitsOf } from './limits'
import { json } from './models'
import type { Call, Reply } from './reply'

export interface KeyInfoOptions {
  callers: Callers
  ledger: Ledger
  periods: Periods
  usages: KeyUsages
}

/** What a key may still do, and the two addresses desktop clients ask for a balance. */
export function createKeyInfo({ callers, ledger, periods, usages }: KeyInfoOptions) {
  async function stateOf(call: Call) {
    const { key, user } = await callers.require(call)
    const limits = limitsOf(key)
    const [balance, [usage]] = await Promise.all([ledger.balance(user.id), usages.read([{ id: key.id, spendLimit: key.spendLimit, limits }])])
    const spent = usage!.money.find(({ period }) => period === 'total')!.spent
    return { key, limits, balance, usage: usage!, spent }
  }

  const isoOf = (at: number | null) => at === null ? null : periods.toIso(at)

  function countOf(limit: number | null, used: number, resetsAt: number | null) {
    return { limit, used, remaining: limit === null ? null : Math.max(0, limit - used), resets_at: isoOf(resetsAt) }
  }

  return {
    /** `GET /v1/key`: money as decimal text in credits; null is no limit. Resets are told with the offset of the shop's zone. */
    async key(call: Call): Promise<Reply> {
      const { key, limits, balance, usage, spent } = await stateOf(call)
      const left = Math.min(balance.available, ...usage.money.flatMap(({ limit, spent: used }) => limit === null ? [] : [limit - used]))
      const money = usage.money.map(({ period, limit, spent: used, resetsAt }) => [period, {
        limit: limit === null ? null : formatNano(limit),
        spent: formatNano(used),
        remaining: limit === null ? null : formatNano(Math.max(0, limit - used)),
        resets_at: isoOf(resetsAt),
      }] as const)
      return json({
        object: 'key',
        id: key.id,
        name: key.name,
        spent: formatNano(spent),
        limit: key.spendLimit === null ? null : formatNano(key.spendLimit),
        remaining: formatNano(Math.max(0, left)),
        available: formatNano(balance.available),
        held: formatNano(balance.held),
        limits: {
          ...Object.fromEntries(money),
          requests_per_minute: countOf(limits.rpm, usage.minute.requests, usage.minute.resetsAt),
          tokens_per_minute: countOf(limits.tpm, usage.minute.tokens, usage.minute.resetsAt),
          concurrency: countOf(limits.concurrency, usage.open, null),
        },
        models: key.models,
        ips: key.ips ?? [],
        expires_at: key.expiresAt === null ? null : new Date(key.expiresAt).toISOString(),
      })
    },

    /** `GET /v1/dashboard/billing/subscription`, the shape OpenAI's dashboard had: limits in credits, as numbers. */
    async subscription(call: Call): Promise<Reply> {
      const { key, balance, spent } = await stateOf(call)
      const total = key.spendLimit ?? balance.available + balance.held + spent
      const credits = total / NANO_PER_CREDIT
      return json({
        object: 'billing_subscription',
        has_payment_method: true,
        soft_limit_usd: credits,
        hard_limit_usd: credits,
        system_hard_limit_usd: credits,
        access_until: key.expiresAt === null ? 0 : Math.floor(key.expiresAt / 1000),
      })
    },

    /** `GET /v1/dashboard/billing/usage`: hundredths of a credit this key has spent, as the dashboard counted cents. */
    async usage(call: Call): Promise<Reply> {
      const { spent } = await stateOf(call)
      return json({ object: 'list', total_usage: spent / NANO_PER_CREDIT * 100 })
    },
  }
}
