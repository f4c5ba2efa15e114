import type { ChatBody } from './chat-body.ts'
import type { Draft } from './drafts.ts'
import { callTools, echo, fixedText, reason, words } from './drafts.ts'
import { errorBody, errorCases } from './errors.ts'
import type { Step } from './steps.ts'
import { answerSteps } from './steps.ts'
import type { Usage } from './usage.ts'
import { asStrings, withCompletion, withMoreCachedThanPrompt } from './usage.ts'

/** How a reply goes over the wire. An empty object is a healthy upstream. Times are in milliseconds. */
export interface Wire {
  headersAfterMs?: number
  /** A pause before each piece of content; a whole reply waits for the sum of them. */
  everyMs?: number
  /** Changes the usage that is reported; undefined leaves it out. */
  usage?: (usage: Usage) => unknown
  /** A last chunk without choices unless told. The other two report even when nobody asked. */
  usageIn?: 'finish-chunk' | 'every-chunk'
  done?: false
  /** Where the reply breaks off, and how. `start` is before the first chunk, `role` after it, `middle` half through the content. */
  breaks?: { at: 'start' | 'role' | 'middle', by: 'silence' | 'cut' | 'error' | 'bad-json' }
  bytes?: 'crlf' | 'one-by-one'
}

/** What a scenario that is no completion knows about the request. */
export interface Situation {
  origin: string
  apiKey: string
}

export interface Scenario {
  /** As listed; `<word>` stands for a whole number. */
  name: string
  /** The ids GET models lists for it; the name itself unless told. */
  examples?: string[]
  about: string
  say?: (body: ChatBody, parameters: number[]) => Draft
  cached?: boolean
  wire?: (parameters: number[]) => Wire
  /** Answers with these steps and no completion. */
  instead?: (situation: Situation) => Iterable<Step>
  /** Fails with 500 as many times as the first parameter says before it works. */
  failsFirst?: boolean
}

const text = (): Draft => ({ text: fixedText })

function textOver(name: string, about: string, wire: Wire): Scenario {
  return { name, about, say: text, wire: () => wire }
}

const errors: Scenario[] = Object.entries(errorCases).map(([status, { message, type, code }]) => ({
  name: `sandbox-error-${status}`,
  about: `HTTP ${status} with OpenAI's error body${status === '429' ? ' and retry-after: 2' : ''}`,
  instead: () => answerSteps(Number(status), errorBody(message, type, code), status === '429' ? { 'retry-after': '2' } : {}),
}))

/** Every model of the fake upstream. Adding a row is all it takes: the list, the front page and the tests read it here. */
export const scenarios: Scenario[] = [
  { name: 'sandbox-text', about: 'A few fixed sentences: Chinese, English, emoji', say: text },
  { name: 'sandbox-echo', about: 'Repeats the last user message', say: echo },
  { name: 'sandbox-tools', about: 'Calls the first tool offered; answers in text after a tool result', say: body => callTools(body, 1) },
  { name: 'sandbox-parallel-tools', about: 'Calls two tools at once', say: body => callTools(body, 2) },
  { name: 'sandbox-reasoning', about: 'reasoning_content first, then text; reports reasoning_tokens', say: reason },
  { name: 'sandbox-cached', about: 'Half of the prompt is reported as cached_tokens', say: text, cached: true },
  { name: 'sandbox-long-<tokens>', examples: ['sandbox-long-1000'], about: 'Exactly so many tokens, 200,000 at most', say: (_, [count = 0]) => ({ text: words('word', count) }) },
  { name: 'sandbox-paced-<ms>-<count>', examples: ['sandbox-paced-50-20'], about: 'So many chunks of content, one each so many milliseconds', say: (_, [, count = 0]) => ({ text: words('tick', count) }), wire: ([ms = 0]) => ({ everyMs: ms }) },
  { name: 'sandbox-slow-headers-<ms>', examples: ['sandbox-slow-headers-2000'], about: 'Headers come only after so many milliseconds', say: text, wire: ([ms = 0]) => ({ headersAfterMs: ms }) },
  textOver('sandbox-stall', 'Headers and a role chunk, then silence for ever', { breaks: { at: 'role', by: 'silence' } }),
  textOver('sandbox-stall-mid', 'Half of the content, then silence for ever', { breaks: { at: 'middle', by: 'silence' } }),
  ...errors,
  { name: 'sandbox-html-502', about: 'HTTP 502 with an HTML page', instead: () => answerSteps(502, '<!doctype html><title>502</title><h1>Bad gateway</h1><p>The sandbox plays a proxy with nothing behind it.') },
  { name: 'sandbox-redirect', about: 'HTTP 302 to another address, which must never be asked', instead: ({ origin }) => answerSteps(302, '', { location: `${origin}/upstream/elsewhere` }) },
  { name: 'sandbox-reset', about: 'The connection drops before any header', instead: () => [{ do: 'reset' }] },
  textOver('sandbox-cut-before', 'Headers and a role chunk, then the connection drops', { breaks: { at: 'role', by: 'cut' } }),
  textOver('sandbox-cut-mid', 'Half of the content, then the connection drops', { breaks: { at: 'middle', by: 'cut' } }),
  textOver('sandbox-error-first', 'HTTP 200 whose first frame is an error', { breaks: { at: 'start', by: 'error' } }),
  textOver('sandbox-error-mid', 'An error frame after half of the content', { breaks: { at: 'middle', by: 'error' } }),
  textOver('sandbox-no-usage', 'Never reports usage', { usage: () => undefined }),
  textOver('sandbox-no-done', 'A stream that ends without [DONE]', { done: false }),
  textOver('sandbox-usage-absurd', 'Reports 1,000,000,000,000 completion tokens', { usage: usage => withCompletion(usage, 1e12) }),
  textOver('sandbox-usage-negative', 'Reports -50 completion tokens', { usage: usage => withCompletion(usage, -50) }),
  textOver('sandbox-usage-string', 'Reports its counts as strings', { usage: asStrings }),
  textOver('sandbox-usage-cached-over', 'Reports more cached tokens than the prompt has', { usage: withMoreCachedThanPrompt }),
  textOver('sandbox-usage-in-finish', 'Usage in the chunk that has the finish_reason, asked or not', { usageIn: 'finish-chunk' }),
  textOver('sandbox-usage-cumulative', 'Usage so far in every chunk, asked or not', { usageIn: 'every-chunk' }),
  textOver('sandbox-crlf', 'CRLF line ends, comments between frames, event: and id: lines', { bytes: 'crlf' }),
  { name: 'sandbox-bytes', about: 'One byte at a time: frames and characters split anywhere', say: () => ({ text: '一字一字地来 🌊👩‍🚀 byte by byte' }), wire: () => ({ bytes: 'one-by-one' }) },
  { name: 'sandbox-big-frame', about: 'One delta of 300 kB', say: () => ({ text: words('steam', 50_000), inOnePiece: true }) },
  { name: 'sandbox-refusal', about: 'A refusal in place of content', say: () => ({ refusal: '抱歉，the sandbox would rather not say that 🙏.' }) },
  { name: 'sandbox-content-filter', about: 'A few words, then finish_reason content_filter', say: () => ({ text: '话说到一半 and then the filter', finish: 'content_filter' }) },
  { name: 'sandbox-empty', about: 'No content, and usage nevertheless', say: () => ({}) },
  textOver('sandbox-badjson', 'HTTP 200 with broken JSON, as a whole or in one frame', { breaks: { at: 'middle', by: 'bad-json' } }),
  { name: 'sandbox-flaky-<n>', examples: ['sandbox-flaky-2'], about: 'Fails with 500 the first n times, then works until cleared', say: text, failsFirst: true },
  { name: 'sandbox-models-slash/like-this', about: 'An id with a slash; the fixed sentences', say: text },
  {
    name: 'sandbox-secretive-error',
    about: 'HTTP 400 whose message gives away the base URL and the API key',
    instead: ({ origin, apiKey }) => answerSteps(400, errorBody(`The request to ${origin}/upstream/openai/v1/chat/completions with the key ${apiKey} was not understood.`, 'invalid_request_error')),
  },
]

const patterns = scenarios.map(scenario => ({
  scenario,
  pattern: new RegExp(`^${scenario.name.replace(/<\w+>/g, '(\\d{1,7})')}$`),
}))

export interface FoundScenario {
  scenario: Scenario
  /** The numbers in the model's name, in order. */
  parameters: number[]
}

export function findScenario(model: string): FoundScenario | undefined {
  for (const { scenario, pattern } of patterns) {
    const match = pattern.exec(model)
    if (match) return { scenario, parameters: match.slice(1).map(Number) }
  }
  return undefined
}

/** The ids GET models lists: each scenario once, with numbers filled in where its name asks for them. */
export function listedModels(): string[] {
  return scenarios.flatMap(({ name, examples }) => examples ?? [name])
}
