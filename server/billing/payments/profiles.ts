import type { Config } from '#server/config'

/** How one kind of EPay gateway differs from the others. */
export interface GatewayProfile {
  /** Fields a notice may carry beside those every gateway sends; all are signed. */
  notifyExtraFields: readonly string[]
  /** `code` of a refund that was made. */
  refundSuccessCodes: readonly number[]
  /** How long a payer can pay. */
  expiresMs: number
  /** The gateway knows no such order: a healthy answer, and the order is not paid. */
  isAbsent(status: number, code: number | undefined): boolean
  /** The gateway does not know us. */
  isRefused(status: number, code: number | undefined): boolean
}

/**
 * LinuxDo Credit answers 404 with code -1 for an order it does not know and 400 for a merchant it does not know. The
 * family of v1 gateways always answers 200: -1 is an unknown order, -3 an unknown merchant or a wrong key; forks refund
 * with code 0 or 1, and keep a cashier page open longer.
 */
export const gatewayProfiles: Record<Config['EPAY_KIND'], GatewayProfile> = {
  linuxdo: {
    notifyExtraFields: [],
    refundSuccessCodes: [1],
    expiresMs: 5 * 60_000,
    isAbsent: (status, code) => status === 404 && code === -1,
    isRefused: status => status === 400 || status === 401 || status === 403,
  },
  epay: {
    notifyExtraFields: ['param', 'api_trade_no', 'buyer', 'timestamp'],
    refundSuccessCodes: [0, 1],
    expiresMs: 30 * 60_000,
    isAbsent: (status, code) => status === 200 && code === -1,
    isRefused: (status, code) => status === 401 || status === 403 || code === -3,
  },
}
