import { errorCodes } from './codes'
import type { ErrorCode } from './codes'

/** Errors only the consoles answer with: signing in, records, payments, codes. All others a tool at /v1 may meet. */
const consoleOnly: ErrorCode[] = [
  'signed_out', 'forbidden', 'foreign_origin', 'inactive_user', 'silenced_user', 'trust_level_too_low',
  'already_exists', 'changed_meanwhile', 'in_use', 'too_many', 'adjust_below_zero', 'balance_out_of_range',
  'payments_not_configured', 'payments_disabled', 'amount_out_of_range', 'too_many_orders', 'order_credited', 'order_not_credited', 'order_trade_unknown', 'duplicate_trade', 'other_gateway',
  'code_unknown', 'code_expired', 'code_off', 'code_used_up', 'code_redeemed_before', 'too_many_codes',
  'checked_just_now', 'cron_secret', 'metrics_token',
]

/** What the documentation lists, in the order of the table. */
export function listClientErrors(): { code: string, status: number, retryable: boolean, message: string }[] {
  return Object.entries(errorCodes).filter(([code]) => !consoleOnly.includes(code as ErrorCode) && !code.startsWith('sign_')).map(([code, kind]) => ({ code, ...kind }))
}
