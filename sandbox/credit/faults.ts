import { endpointFaults } from '../connect/faults.ts'

/**
 * What is sent in place of the true notify. `lost` sends none, ever. All but `wrong-sign` carry a signature that is right
 * for what it was made for: `foreign-pid` with a stranger's key, `replay` and `injection` for the request that made the
 * order, which passes through the payer's browser.
 */
export const notifyFaults = [
  'lost', 'foreign-pid', 'wrong-sign', 'replay', 'injection', 'altered-money', 'trimmed-money', 'fixed-money',
  'extra-fields', 'empty-out-trade-no', 'wrong-type', 'wrong-status',
] as const
export type NotifyFault = typeof notifyFaults[number]

/** `unpaid` gives status 0 whatever happened; `missing` knows no order. The others are those of sign-in. */
export const queryFaults = ['unpaid', 'missing', ...endpointFaults] as const
/** `refused` pays nothing back; `lost-reply` does, and breaks before it says so. */
export const refundFaults = ['refused', 'lost-reply', ...endpointFaults] as const
const whens = ['before-return', 'after-return'] as const

/** The faults in force at a gateway. They stay until others are set; an empty object is a healthy gateway. */
export interface CreditFaults {
  notify?: NotifyFault
  /** Notifies by POST with a form. */
  post?: boolean
  /** How often each notify is sent: one after another, or all at once with `concurrent`. */
  copies?: number
  concurrent?: boolean
  /** How much later than the payment the first notify is due, in milliseconds. */
  delayMs?: number
  /** `before-return`: the payer's page waits for the notify; `after-return`: the notify waits until the payer is back. */
  when?: typeof whens[number]
  /** How long the gateway waits for the shop's answer, in milliseconds of real time. */
  notifyTimeoutMs?: number
  query?: typeof queryFaults[number]
  refund?: typeof refundFaults[number]
  /** How long `slow` waits, in milliseconds; 30,000 unless told. */
  slowMs?: number
  /** The application is in test mode: only its owner can pay, and no money moves. */
  testMode?: boolean
}

const choices: Record<string, readonly string[]> = { notify: notifyFaults, when: whens, query: queryFaults, refund: refundFaults }
const switches = ['post', 'concurrent', 'testMode']
/** The largest number each takes. */
const numbers: Record<string, number> = { copies: 50, delayMs: 7 * 86_400_000, notifyTimeoutMs: 60_000, slowMs: 600_000 }
const names = [...Object.keys(choices), ...switches, ...Object.keys(numbers)]

/** Checks faults that came as JSON; throws an Error whose message lists what there is. */
export function parseCreditFaults(value: unknown): CreditFaults {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('Send a JSON object such as {"notify":"lost"}; {} clears every fault.')
  }
  for (const [name, fault] of Object.entries(value)) if (fault !== undefined) checkFault(name, fault)
  return { ...value }
}

function checkFault(name: string, fault: unknown): void {
  if (!names.includes(name)) throw new Error(`There is no switch "${name}"; there are ${names.join(', ')}.`)
  if (switches.includes(name)) {
    if (typeof fault !== 'boolean') throw new Error(`"${name}" is true or false.`)
    return
  }
  const most = numbers[name]
  if (most !== undefined) {
    if (!Number.isInteger(fault) || Number(fault) < 0 || Number(fault) > most) throw new Error(`"${name}" is a whole number from 0 to ${most}.`)
    return
  }
  const known = choices[name] ?? []
  if (!known.includes(String(fault))) throw new Error(`"${name}" knows these faults: ${known.join(', ')}.`)
}
