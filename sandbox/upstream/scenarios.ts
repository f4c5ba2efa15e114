import type { Counts } from './counts.ts'
import type { Draft } from './drafts.ts'
import { callTools, echo, fixedText, reason, thinkAndCall, words } from './drafts.ts'
import type { Step } from './steps.ts'
import { answerSteps } from './steps.ts'
import type { Talk } from './talk.ts'

/** How a reply goes over the wire. An empty object is a healthy upstream. Times are in milliseconds. */
export interface Wire {
  headersAfterMs?: number
  /** A pause before each piece of content; a whole reply waits for the sum of them. */
  everyMs?: number
  /** Changes the counts that are reported; undefined leaves them out. */
  usage?: (honest: Counts) => Counts | undefined
  usageAsStrings?: true
  /** Where the dialect puts it unless told. The other two report even when nobody asked. */
  usageIn?: 'finish-chunk' | 'every-chunk'
  /** Leaves out the event that says no more than that the stream is over. */
  done?: false
  /** Where the reply breaks off, and how. `start` is before anything, `role` before the first word, `middle` half through the content. */
  breaks?: { at: 'start' | 'role' | 'middle', by: 'silence' | 'cut' | 'error' | 'bad-json' }
  bytes?: 'crlf' | 'one-by-one'
}

/** What a scenario that is no completion knows about the request. */
export interface Situation {
  origin: string
  /** The whole address that was asked. */
  address: string
  apiKey: string
  /** Says no as the vendor does. */
  refuse: (status: number, message: string) => Step[]
}

export interface Scenario {
  /** As listed; `<word>` stands for a whole number. */
  name: string
  /** The ids GET models lists for it; the name itself unless told. */
  examples?: string[]
  about: string
  say?: (talk: Talk, parameters: number[]) => Draft
  cached?: boolean
  /** Whether a dialect that signs tool calls wants the signatures back. */
  signed?: boolean
  /** Whether it thinks before every step, so that a vendor may want the thoughts of the running turn back. */
  thinks?: boolean
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

/** What `sandbox-error-<status>` says, by status. Each dialect wraps it in its own error. */
const errorMessages: Record<number, string> = {
  400: 'The sandbox finds this request malformed.',
  401: 'The sandbox does not accept this API key any more.',
  402: 'The sandbox account has run out of credit.',
  403: 'The sandbox does not serve your region.',
  404: 'The sandbox model is gone, or was never yours.',
  408: 'The sandbox got tired of waiting for the request.',
  413: 'The sandbox finds the request too large.',
  422: 'The sandbox understands the request and cannot follow it.',
  429: 'The sandbox has seen too many requests; try again in two seconds.',
  500: 'The sandbox had an error while it processed the request.',
  502: 'The sandbox could not reach its own machines.',
  503: 'The sandbox engine is overloaded.',
  529: 'The sandbox is overloaded beyond the numbers of RFC 9110.',
}

const errors: Scenario[] = Object.entries(errorMessages).map(([status, message]) => ({
  name: `sandbox-error-${status}`,
  about: `HTTP ${status} with the vendor's error body${status === '429' ? ', which asks to wait 2 seconds' : ''}`,
  instead: ({ refuse }) => refuse(Number(status), message),
}))

/** Every model of the fake upstream. Adding a row is all it takes: the list, the front page and the tests read it here. */
export const scenarios: Scenario[] = [
  { name: 'sandbox-text', about: 'A few fixed sentences: Chinese, English, emoji', say: text },
  { name: 'sandbox-echo', about: 'Repeats the last user message', say: echo },
  { name: 'sandbox-tools', about: 'Calls the first tool offered; answers in text after a tool result', say: talk => callTools(talk, 1), signed: true },
  { name: 'sandbox-parallel-tools', about: 'Calls two tools at once', say: talk => callTools(talk, 2), signed: true },
  { name: 'sandbox-thinking-tools', about: 'Reasoning first, then two calls at once, or an answer to their results', say: thinkAndCall, signed: true, thinks: true },
  { name: 'sandbox-reasoning', about: 'Reasoning first, then text; reports how much of it was reasoning', say: reason },
  { name: 'sandbox-cached', about: 'Half of the prompt is reported as read from a cache', say: text, cached: true },
  { name: 'sandbox-long-<tokens>', examples: ['sandbox-long-1000'], about: 'Exactly so many tokens, 200,000 at most', say: (_, [count = 0]) => ({ text: words('word', count) }) },
  { name: 'sandbox-paced-<ms>-<count>', examples: ['sandbox-paced-50-20'], about: 'So many chunks of content, one each so many milliseconds', say: (_, [, count = 0]) => ({ text: words('tick', count) }), wire: ([ms = 0]) => ({ everyMs: ms }) },
  { name: 'sandbox-slow-headers-<ms>', examples: ['sandbox-slow-headers-2000'], about: 'Headers come only after so many milliseconds', say: text, wire: ([ms = 0]) => ({ headersAfterMs: ms }) },
  textOver('sandbox-stall', 'Headers and what comes before the first word, then silence for ever', { breaks: { at: 'role', by: 'silence' } }),
  textOver('sandbox-stall-mid', 'Half of the content, then silence for ever', { breaks: { at: 'middle', by: 'silence' } }),
  ...errors,
  { name: 'sandbox-html-502', about: 'HTTP 502 with an HTML page', instead: () => answerSteps(502, '<!doctype html><title>502</title><h1>Bad gateway</h1><p>The sandbox plays a proxy with nothing behind it.') },
  { name: 'sandbox-redirect', about: 'HTTP 302 to another address, which must never be asked', instead: ({ origin }) => answerSteps(302, '', { location: `${origin}/upstream/elsewhere` }) },
  { name: 'sandbox-reset', about: 'The connection drops before any header', instead: () => [{ do: 'reset' }] },
  textOver('sandbox-cut-before', 'Headers and what comes before the first word, then the connection drops', { breaks: { at: 'role', by: 'cut' } }),
  textOver('sandbox-cut-mid', 'Half of the content, then the connection drops', { breaks: { at: 'middle', by: 'cut' } }),
  textOver('sandbox-error-first', 'HTTP 200 whose first frame is an error', { breaks: { at: 'start', by: 'error' } }),
  textOver('sandbox-error-mid', 'An error frame after half of the content', { breaks: { at: 'middle', by: 'error' } }),
  textOver('sandbox-no-usage', 'Never reports usage', { usage: () => undefined }),
  textOver('sandbox-no-done', 'A stream without [DONE] or message_stop', { done: false }),
  textOver('sandbox-usage-absurd', 'Reports 1,000,000,000,000 tokens of output', { usage: counts => ({ ...counts, output: 1e12 }) }),
  textOver('sandbox-usage-negative', 'Reports -50 tokens of output', { usage: counts => ({ ...counts, output: -50 }) }),
  textOver('sandbox-usage-string', 'Reports its counts as strings', { usageAsStrings: true }),
  textOver('sandbox-usage-cached-over', 'Reports more cached tokens than the prompt has', { usage: counts => ({ ...counts, cached: counts.input + 100 }) }),
  textOver('sandbox-usage-in-finish', 'Usage only with the reason of the end, asked or not', { usageIn: 'finish-chunk' }),
  textOver('sandbox-usage-cumulative', 'Usage so far in every chunk of chat completions, asked or not', { usageIn: 'every-chunk' }),
  textOver('sandbox-crlf', 'CRLF line ends, comments between frames, event: and id: lines', { bytes: 'crlf' }),
  { name: 'sandbox-bytes', about: 'One byte at a time: frames and characters split anywhere', say: () => ({ text: '一字一字地来 🌊👩‍🚀 byte by byte' }), wire: () => ({ bytes: 'one-by-one' }) },
  { name: 'sandbox-big-frame', about: 'One delta of 300 kB', say: () => ({ text: words('steam', 50_000), inOnePiece: true }) },
  { name: 'sandbox-refusal', about: 'A refusal in place of content', say: () => ({ refusal: '抱歉，the sandbox would rather not say that 🙏.' }) },
  { name: 'sandbox-content-filter', about: 'A few words, then a content filter ends it', say: () => ({ text: '话说到一半 and then the filter', finish: 'content_filter' }) },
  { name: 'sandbox-empty', about: 'No content, and usage nevertheless', say: () => ({}) },
  textOver('sandbox-badjson', 'HTTP 200 with broken JSON, as a whole or in one frame', { breaks: { at: 'middle', by: 'bad-json' } }),
  { name: 'sandbox-flaky-<n>', examples: ['sandbox-flaky-2'], about: 'Fails with 500 the first n times, then works until cleared', say: text, failsFirst: true },
  { name: 'sandbox-models-slash/like-this', about: 'An id with a slash; the fixed sentences', say: text },
  {
    name: 'sandbox-secretive-error',
    about: 'HTTP 400 whose message gives away the base URL and the API key',
    instead: ({ address, apiKey, refuse }) => refuse(400, `The request to ${address} with the key ${apiKey} was not understood.`),
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
