import type { Understood } from '../support/clients'
import type { Case } from './cases'

/**
 * Where Vapor rightly says something else than the recorder's reading (`meta.json`), with the reason. A field named here
 * is not compared; everything else of the case is.
 */
export const exceptions: Record<string, { fields: Field[], reason: string }> = {
  'gemini/prompt-blocked': { fields: ['usage'], reason: 'the upstream counted nothing, which is unknown and not nothing: the gateway counts for itself' },
  'anthropic/advisor-iterations-stream': { fields: ['usage'], reason: 'the advisor is billed beside the top level, so its tokens are added' },
  'openai-chat/groq-x-groq-usage-dup-stream': { fields: ['tools'], reason: 'arguments `null` of a call without arguments become `{}`' },
}

type Field = 'text' | 'reasoning' | 'tools' | 'finish' | 'usage'

/** What one dialect's SDK cannot show although Vapor has told it: by `client < case`. */
export const throughSdk: Record<string, { fields: Field[], reason: string }> = {
  'openai-responses < openai-responses/codex-client-stream': { fields: ['tools', 'finish'], reason: 'bytes pass, and the last event of this upstream has no output, which is all the SDK looks at' },
  'openai-responses < openai-responses/openrouter-raw-cot-stream': { fields: ['reasoning'], reason: 'bytes pass: raw reasoning stands in `content`, the test client reads `summary`' },
  'anthropic < openai-responses/incomplete-mid-tool-call-stream': { fields: ['tools'], reason: 'the SDK leaves out a number that was cut' },
  'gemini < openai-responses/incomplete-mid-tool-call-stream': { fields: ['tools'], reason: 'Gemini has objects only: cut arguments travel as `{ input }`' },
}

/** Where bytes pass unchanged and the vendor's SDK cannot read what this upstream sends. */
export const unreadable: Record<string, string> = {
  'openai-chat < openai-chat/compat-tool-index-starts-at-1-stream': 'the SDK keeps calls in an array and finds a hole at 0',
  'openai-chat < openai-chat/content-filter-finish-azure': 'Azure leaves the message out, the test client reads it unguarded',
  'openai-chat < openai-chat/gpustack-no-done-stream': 'no chunk has a role',
}

/** What fails everywhere but passes as bytes where client and upstream speak alike. */
export const passesAlike: Record<string, string> = {
  'gemini < gemini/malformed-function-call': 'a Gemini client reads MALFORMED_FUNCTION_CALL itself',
}

/** Streams and answers that must fail, with the reason. */
export const broken: Record<string, string> = {
  'anthropic/error-stream-overloaded': 'an error inside a 200',
  'anthropic/robustness-spliced-message-start': 'a second answer inside the first: no client could read it',
  'openai-chat/groq-stream-error-event': 'an error inside the stream',
  'openai-chat/openrouter-midstream-error': 'an error inside a chunk',
  'openai-responses/error-stream-failed-server-error': 'ends with response.failed',
  'gemini/malformed-function-call': 'a call the model did not finish is no answer',
}

const finishes: Record<string, Understood['finish']> = {
  'end_turn': 'stop', 'stop_sequence': 'stop', 'max_tokens': 'length', 'tool_use': 'tools', 'refusal': 'filtered',
  'stop': 'stop', 'length': 'length', 'tool_calls': 'tools', 'content_filter': 'filtered',
  'completed': 'stop', 'incomplete:max_output_tokens': 'length', 'STOP': 'stop', 'MAX_TOKENS': 'length',
}

export function finishOf({ meta: { derived } }: Case): Understood['finish'] {
  if (derived?.promptFeedback) return 'filtered'
  const finish = finishes[derived?.finish ?? ''] ?? 'other'
  return finish === 'stop' && (derived?.tool_calls?.length ?? 0) > 0 ? 'tools' : finish
}

export function toolsOf({ meta: { derived } }: Case): { name: string, args: unknown }[] {
  return (derived?.tool_calls ?? []).map(call => ({ name: call.name, args: parsed(call.arguments) }))
}

/** Arguments that were cut stay text. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text || '{}') as unknown
  }
  catch { return text }
}
