import type { Ledger } from '#server/billing/ledger'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import { formatNano, NANO_PER_CREDIT } from '#shared/utils/money'
import type { Callers } from './caller'
import { json } from './models'
import type { Call, Reply } from './reply'

/** What a key may still do, and the two addresses desktop clients ask for a balance. */
export function createKeyInfo({ callers, ledger, store }: { callers: Callers, ledger: Ledger, store: Store }) {
  async function stateOf(call: Call) {
    const { key, user } = await callers.require(call)
    const [balance, spent] = await Promise.all([ledger.balance(user.id), store.get<number>(keys.spent(key.id))])
    return { key, balance, spent: spent?.value ?? 0 }
  }

  return {
    /** `GET /v1/key`: money as decimal text in credits; null is no limit. */
    async key(call: Call): Promise<Reply> {
      const { key, balance, spent } = await stateOf(call)
      const left = key.spendLimit === null ? balance.available : Math.min(balance.available, key.spendLimit - spent)
      return json({
        object: 'key',
        id: key.id,
        name: key.name,
        spent: formatNano(spent),
        limit: key.spendLimit === null ? null : formatNano(key.spendLimit),
        remaining: formatNano(Math.max(0, left)),
        available: formatNano(balance.available),
        held: formatNano(balance.held),
        models: key.models,
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
