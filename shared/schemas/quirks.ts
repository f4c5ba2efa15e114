/**
 * Where an upstream departs from what its dialect says. Nothing said is the dialect itself; a dialect reads what concerns
 * it and nothing else.
 */
export interface Quirks {
  /** The one name of the output limit it is sure to know; absent: both. */
  maxTokens?: 'max_tokens' | 'max_completion_tokens'
  /** It refuses `stream_options`: usage is reported unasked, or counted. */
  streamUsage?: false
  /** The credential goes into this header instead of a bearer token. */
  auth?: 'api-key'
  /** Reasoning is not inside `completion_tokens`: only the total tells, or nothing but the detail itself. */
  reasoningOutside?: 'in-total' | 'beside'
  /** Cached tokens may stand beside `prompt_tokens`; more of them than of the prompt says so. */
  cachedOutside?: true
  /** It knows no role `developer`: such messages go as `system`. */
  developerRole?: false
}
