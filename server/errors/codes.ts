interface ErrorKind {
  /** HTTP status on every surface. 409 never appears on /v1: SDKs retry it. */
  status: number
  /** May the same call succeed a little later? Becomes `x-should-retry`. */
  retryable: boolean
  /** English, says what to do; `{name}` is filled from `params`. */
  message: string
}

/** Every error Vapor answers with. Codes are stable: pages translate them, tools match them. */
export const errorCodes = {
  // who is calling
  missing_key: { status: 401, retryable: false, message: 'No API key in the request. Send it as "Authorization: Bearer sk-…"; make one in the console under Keys.' },
  invalid_key: { status: 401, retryable: false, message: 'This API key is not valid. Check it for missing characters or make a new one in the console under Keys.' },
  key_disabled: { status: 401, retryable: false, message: 'This API key is switched off. Switch it on in the console under Keys.' },
  key_expired: { status: 401, retryable: false, message: 'This API key expired at {at}. Make a new one or extend it in the console under Keys.' },
  address_not_allowed: { status: 403, retryable: false, message: 'This API key may not be used from the address {address}. Change its list of addresses in the console under Keys.' },
  model_not_allowed: { status: 403, retryable: false, message: 'This API key may not call the model "{model}". Change its list of models in the console under Keys.' },
  user_suspended: { status: 403, retryable: false, message: 'This user is suspended. Ask the operator of this site.' },
  too_many_bad_keys: { status: 429, retryable: true, message: 'Too many wrong API keys from this address. Wait a minute and check the key.' },

  // what is asked
  invalid_json: { status: 400, retryable: false, message: 'The request body is not valid JSON: {problem}.' },
  invalid_request: { status: 400, retryable: false, message: '{problem}' },
  unsupported_field: { status: 400, retryable: false, message: 'The field "{field}" is not offered here: {why}.' },
  unsupported_endpoint: { status: 400, retryable: false, message: 'The model "{model}" is not offered at {path}: nothing behind it has this endpoint, or it has no price for it.' },
  body_too_large: { status: 413, retryable: false, message: 'The request body is larger than the limit of {limit} bytes.' },
  not_found: { status: 404, retryable: false, message: 'There is nothing at {path}. The endpoints are listed in the documentation.' },
  method_not_allowed: { status: 405, retryable: false, message: 'Use {allowed} here.' },
  model_not_found: { status: 404, retryable: false, message: 'The model "{model}" is not for sale here. GET /v1/models lists what is.' },

  // money and limits
  insufficient_credit: { status: 402, retryable: false, message: 'Not enough credit: {available} available, at least {needed} needed for this request. Top up in the console.' },
  spend_limit_reached: { status: 429, retryable: false, message: 'This API key has reached its spend limit of {limit}: {left} left, at least {needed} needed. Raise the limit in the console under Keys.' },
  day_limit_reached: { status: 429, retryable: false, message: 'This API key has reached its spend limit of {limit} a day: {left} left, at least {needed} needed. It begins anew at {at}; raise it in the console under Keys.' },
  week_limit_reached: { status: 429, retryable: false, message: 'This API key has reached its spend limit of {limit} a week: {left} left, at least {needed} needed. It begins anew at {at}; raise it in the console under Keys.' },
  month_limit_reached: { status: 429, retryable: false, message: 'This API key has reached its spend limit of {limit} a month: {left} left, at least {needed} needed. It begins anew at {at}; raise it in the console under Keys.' },
  rpm_reached: { status: 429, retryable: true, message: 'This API key may make {limit} requests a minute. Try again at {at}.' },
  tpm_reached: { status: 429, retryable: true, message: 'This API key may use {limit} tokens a minute: {left} left, about {needed} needed. Try again at {at}.' },
  tokens_over_limit: { status: 429, retryable: false, message: 'This request needs about {needed} tokens, and this API key may use {limit} a minute. Make it shorter, ask for less output, or raise the limit in the console under Keys.' },
  key_too_many_open: { status: 429, retryable: true, message: 'Too many requests at once with this API key: {limit} may run at the same time. Wait for one to end.' },
  too_many_open: { status: 429, retryable: true, message: 'Too many requests at once: {limit} may run at the same time. Wait for one to end.' },
  too_many_counts: { status: 429, retryable: true, message: 'Too many token counts: {limit} a minute are free for each key. Wait a little.' },
  already_running: { status: 425, retryable: true, message: 'A request with this Idempotency-Key is still running.' },
  already_completed: { status: 422, retryable: false, message: 'A request with this Idempotency-Key was completed as {request}. Answers are not stored; use a new key to ask again.' },

  // the upstream
  upstream_rejected: { status: 400, retryable: false, message: '{problem}' },
  upstream_unavailable: { status: 503, retryable: true, message: 'No upstream could answer for the model "{model}" just now. Try again in a moment.' },
  upstream_busy: { status: 429, retryable: true, message: 'Every upstream of the model "{model}" is over its rate limit. Try again in a moment.' },
  upstream_credential: { status: 503, retryable: true, message: 'No upstream could answer just now: a channel is not accepted there any more. Tell the operator of this site.' },
  upstream_timeout: { status: 504, retryable: true, message: 'The upstream did not answer in time. Try again, or ask for less output.' },
  upstream_cut: { status: 502, retryable: true, message: 'The upstream broke off in the middle of its answer. What was delivered has been charged.' },
  upstream_stalled: { status: 504, retryable: true, message: 'The upstream fell silent in the middle of its answer. What was delivered has been charged.' },
  upstream_malformed: { status: 502, retryable: true, message: 'The upstream sent an answer that cannot be read. Nothing was charged.' },
  out_of_credit_midway: { status: 402, retryable: false, message: 'The credit, or what this API key may spend, ended in the middle of the answer. Top up, or raise the key\'s limits, in the console.' },
  deadline: { status: 504, retryable: false, message: 'The answer took longer than {seconds} s and was ended. What was delivered has been charged.' },

  // signing in
  signed_out: { status: 401, retryable: false, message: 'Sign in first.' },
  metrics_token: { status: 401, retryable: false, message: 'Send VAPOR_METRICS_TOKEN as "Authorization: Bearer …".' },
  cron_secret: { status: 401, retryable: false, message: 'Send VAPOR_CRON_SECRET as "Authorization: Bearer …".' },
  forbidden: { status: 403, retryable: false, message: 'Only an admin may do this.' },
  foreign_origin: { status: 403, retryable: false, message: 'This call came from another site. Open the console at {origin}.' },
  sign_in_not_configured: { status: 503, retryable: false, message: 'Sign-in is not set up yet. Set {missing} in the environment and restart.' },
  sign_in_failed: { status: 400, retryable: true, message: 'Signing in did not work: {problem}. Start again.' },
  sign_in_denied: { status: 403, retryable: false, message: 'You did not allow the sign-in.' },
  sign_in_unavailable: { status: 502, retryable: true, message: 'LinuxDo Connect did not answer as expected. Try again in a moment.' },
  inactive_user: { status: 403, retryable: false, message: 'LinuxDo says this user is not active, so it cannot sign in here.' },
  silenced_user: { status: 403, retryable: false, message: 'LinuxDo says this user is silenced; new users must not be.' },
  sign_up_closed: { status: 403, retryable: false, message: 'New users are not taken just now. Ask the operator of this site.' },
  trust_level_too_low: { status: 403, retryable: false, message: 'New users need LinuxDo trust level {needed}; yours is {level}.' },

  // the consoles
  record_not_found: { status: 404, retryable: false, message: 'This {kind} does not exist any more.' },
  already_exists: { status: 409, retryable: false, message: 'There is already a {kind} called "{name}". Change that one with PUT, or choose another name.' },
  changed_meanwhile: { status: 409, retryable: false, message: 'Somebody else saved this {kind} in between. Load it again and repeat your change.' },
  in_use: { status: 409, retryable: false, message: '{problem}' },
  too_many: { status: 422, retryable: false, message: 'At most {limit} {kind} are allowed. Delete one first.' },
  adjust_below_zero: { status: 422, retryable: false, message: 'The user has only {available}; an adjustment cannot go below zero.' },
  balance_out_of_range: { status: 422, retryable: false, message: 'A balance can hold at most 9007199 credits.' },

  // payments
  payments_not_configured: { status: 503, retryable: false, message: 'Payments are not set up yet. Set {missing} in the environment and restart.' },
  payments_disabled: { status: 503, retryable: false, message: 'Top-ups are switched off just now. Ask the operator of this site.' },
  amount_out_of_range: { status: 422, retryable: false, message: 'Pay between {min} and {max}.' },
  too_many_orders: { status: 429, retryable: true, message: 'At most {limit} orders may wait for payment at once. Pay one of them, or wait until they expire.' },
  order_credited: { status: 422, retryable: false, message: 'This order has been credited already.' },
  order_not_credited: { status: 422, retryable: false, message: 'Only an order whose credit stands can be paid back.' },
  order_trade_unknown: { status: 422, retryable: false, message: 'The gateway\'s number of this order is not known, so it cannot be asked to pay back. Do it in the gateway\'s own console.' },
  duplicate_trade: { status: 422, retryable: false, message: 'The trade number {trade} belongs to another order already.' },
  other_gateway: { status: 422, retryable: false, message: 'This order was made at another gateway ({gateway}), which is not connected any more.' },

  // books
  checked_just_now: { status: 429, retryable: true, message: 'The books were checked just now. Wait a minute before checking again.' },

  // codes and receipts
  code_unknown: { status: 404, retryable: false, message: 'This code is not known. Check it for mistyped characters.' },
  code_expired: { status: 422, retryable: false, message: 'This code expired at {at}.' },
  code_off: { status: 422, retryable: false, message: 'This code is switched off. Ask whoever gave it to you.' },
  code_used_up: { status: 422, retryable: false, message: 'This code has been used up.' },
  code_redeemed_before: { status: 422, retryable: false, message: 'You redeemed this code at {at} and got {credit} for it. Nothing was added again.' },
  too_many_codes: { status: 429, retryable: true, message: 'Too many wrong codes. Wait {minutes} minutes and check the code.' },
  receipt_pending: { status: 425, retryable: true, message: 'This request is still running or being booked. Its receipt comes with its end.' },

  // ourselves
  store_unavailable: { status: 503, retryable: true, message: 'The store is not reachable. Nothing was charged; try again in a moment.' },
  settling: { status: 503, retryable: true, message: 'Earlier charges are still being booked. Nothing was charged; try again in a moment.' },
  overloaded: { status: 503, retryable: true, message: 'Too much is running here just now. Try again in a moment.' },
  restarting: { status: 503, retryable: true, message: 'This server is being restarted and could not wait for the end of the answer. What was delivered has been charged; try again.' },
  configuration: { status: 503, retryable: false, message: '{problem}' },
  internal: { status: 500, retryable: true, message: 'Something went wrong on our side. Tell the operator the request id.' },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorCodes
