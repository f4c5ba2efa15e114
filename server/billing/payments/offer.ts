/** What a payment buys: rate, amounts and bonuses of now, as a wallet shows them and as an order keeps them. */
import { AppError } from '#server/errors/app-error'
import { keys } from '#server/storage/keys'
import type { Store } from '#server/storage/store'
import type { PaymentSettings, TopUpInfo } from '#shared/schemas/payment'
import { formatCents, formatNano, parseCents, parseSafeNano } from '#shared/utils/money'
import { topUpOf } from '#shared/utils/top-up'
import type { OrderRecord } from './order'

/** A single balance holds no more. */
const CREDIT_MAX = BigInt(Number.MAX_SAFE_INTEGER)

export type Offered = Pick<OrderRecord, 'cents' | 'currency' | 'rate' | 'credit' | 'bonus'>

/**
 * An amount of money with what it buys, fixed for an order. Both bonuses are kept: which one is granted is decided when
 * the order is credited, because only the first order that is *paid* is the first. Throws amount_out_of_range.
 */
export function offerOf(money: string, settings: PaymentSettings): Offered {
  const cents = parseCents(money)
  const rate = parseSafeNano(settings.rate)
  const { min, max } = settings
  const refused = () => new AppError('amount_out_of_range', { min, max })
  if (cents === undefined || rate === undefined || cents < (parseCents(min) ?? 0) || cents > (parseCents(max) ?? 0)) throw refused()
  const text = formatCents(cents)
  const always = topUpOf(text, { ...settings, firstBonus: 0 })
  const ifFirst = topUpOf(text, settings)
  if (!always || !ifFirst || always.credit === 0n || ifFirst.credit + ifFirst.bonus > CREDIT_MAX) throw refused()
  return { cents, currency: settings.currency, rate, credit: toSafe(always.credit), bonus: { always: toSafe(always.bonus), ifFirst: toSafe(ifFirst.bonus) } }
}

/** Checked against {@link CREDIT_MAX} before. */
function toSafe(value: bigint): number {
  return Number(value)
}

export async function isFirst(store: Store, user: string): Promise<boolean> {
  return await store.get(keys.onceFirstPaid(user)) === undefined
}

/** The wallet's view, with the bonus this user would get now. */
export async function describeOffer(store: Store, user: string, settings: PaymentSettings, { enabled, types }: { enabled: boolean, types: string[] }): Promise<TopUpInfo> {
  const first = await isFirst(store, user)
  const terms = { ...settings, firstBonus: first ? settings.firstBonus : 0 }
  const presets = settings.presets.flatMap((money) => {
    const bought = topUpOf(money, terms)
    return bought ? [{ money, credit: formatNano(bought.credit), bonus: formatNano(bought.bonus) }] : []
  })
  const tiers = [...settings.tiers].sort((one, other) => (parseCents(other.from) ?? 0) - (parseCents(one.from) ?? 0))
  const { currency, rate, min, max } = settings
  return { enabled, currency, types, rate, min, max, presets, tiers, firstBonus: terms.firstBonus }
}

/** Cents of the largest amount offered as a preset; 0 without any. */
export function largestPreset(settings: PaymentSettings): number {
  return Math.max(0, ...settings.presets.map(money => parseCents(money) ?? 0))
}
