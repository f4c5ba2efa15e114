import { randomInt } from 'node:crypto'
import type { Gateway, Profile } from './context.ts'
import { payActions } from './context.ts'
import { fixedMoney } from './money.ts'
import { signatureOf } from './sign.ts'

/** LinuxDo Credit 1.3: EPay for one kind of money, sent as its own worker sends it. */
export const linuxdo: Profile = {
  kind: 'linuxdo',
  actions: payActions,
  fieldsOf: ({ pid }, order) => ({
    money: fixedMoney(order.cents),
    name: order.name,
    out_trade_no: order.outTradeNo,
    pid,
    trade_no: order.tradeNo,
    trade_status: 'TRADE_SUCCESS',
    // Whatever the order's own type, the notify says this.
    type: 'epay',
  }),
  sign: (fields, key) => {
    const signed = { ...fields, sign: signatureOf(fields, key) }
    return Object.fromEntries(Object.entries(signed).sort(([one], [other]) => one < other ? -1 : 1))
  },
  maySend: order => order.state === 'success',
  acknowledged: (status, body) => status === 200 && body.toLowerCase().trim() === 'success',
  headers: { 'user-agent': 'LinuxDo-Credit/1.0' },
  followsRedirects: true,
  timeoutMs: 10_000,
  gapAfter: attempt => attempt > 10 ? undefined : asynqGap(attempt - 1),
  returnAddress: ({ app }, order) => order.returnUrl || app.returnUrl || undefined,
  returnSeconds: 5,
  stranger: { pid: '5a'.repeat(32), key: 'c3'.repeat(32) },
}

/** asynq's default delay in milliseconds before the next try, after so many retries. */
function asynqGap(retried: number): number {
  return (retried ** 4 + 15 + randomInt(30) * (retried + 1)) * 1000
}

/** 2025-12-01, from where Credit counts. */
const epoch = 1_764_547_200_000

/** Numbers of 64 bits as Twitter made them: milliseconds since `epoch`, node 1, a count; never the same or smaller. */
export function createSnowflakes(now: () => number): () => string {
  let last = 0n
  return () => {
    // A clock before the epoch must not make numbers JavaScript could hold.
    const time = BigInt(Math.max(Math.trunc(now()) - epoch, 2 ** 33))
    const next = (time << 22n) | (1n << 12n)
    last = next > last ? next : last + 1n
    return String(last)
  }
}

/** Credit's merchants are known by both; there is one here. */
export function isMerchant(gateway: Gateway, pid: string | null, key: string | null): boolean {
  return pid === gateway.pid && key === gateway.key
}
