/**
 * What every answer in `tests/fixtures` says, written down from the file by hand and never by what Vapor makes of it:
 * words, calls, finish, and the usage in disjoint classes as the vendor's documentation splits it.
 */
import type { Usage } from '#shared/schemas/price'
import type { VendorId } from '#shared/schemas/vendors'
import type { Understood } from './clients'

export interface Answer {
  text: string
  reasoning: string
  refusal: string
  tools: { name: string, args: unknown }[]
  finish: Understood['finish']
  /** Null: the upstream reported none, so the gateway counts. */
  usage: Usage | null
  /** The numbers cannot be what is billed, and the record says so. */
  clamped: boolean
  /** Whose channel it comes from; what the vendor does differently is known. */
  vendor: VendorId
}

/** A failure: `late` when words were sent before it. */
export type Expected = Answer | 'fails' | 'fails late'

const answer = (text: string, usage: Usage | null, more: Partial<Answer> = {}): Answer => ({ text, reasoning: '', refusal: '', tools: [], finish: 'stop', usage, clamped: false, vendor: 'generic', ...more })
const calls = (tools: [name: string, args: unknown][], usage: Usage | null, more: Partial<Answer> = {}): Answer => answer('', usage, { tools: tools.map(([name, args]) => ({ name, args })), finish: 'tools', ...more })

const north: [string, unknown] = ['north', { n: 1 }]
const south: [string, unknown] = ['south', { n: 2 }]

const anthropic: Record<string, Expected> = {
  'cache-writes-of-both-kinds.sse': answer('ready', { input: 3, cachedInput: 7, cacheWrite5m: 20, cacheWrite1h: 4542, output: 6 }),
  'call-without-arguments.sse': calls([['now', {}], ['add', { a: 1 }]], { input: 8, output: 30 }),
  'compaction-beside-the-top-level.sse': answer('Short.', { input: 212, cachedInput: 3000, output: 66 }),
  'context-window-exceeded.json': answer('and so', { input: 900, output: 30 }, { finish: 'length' }),
  'cut-in-a-call.sse': 'fails late',
  'hosted-tool-blocks-are-left-out.sse': answer('A.', { input: 8, output: 30 }),
  'iterations-beside-the-top-level.json': answer('4', { input: 170, cachedInput: 55, output: 97, reasoning: 5 }, { clamped: true }),
  'overloaded-inside-200.sse': 'fails',
  'refusal-with-explanation.sse': answer('Well', { input: 28, output: 40 }, { refusal: 'Against the rules.', finish: 'filtered' }),
  'refusal-without-content.json': answer('', { input: 28, output: 1 }, { finish: 'filtered' }),
  'second-message-start.sse': 'fails late',
  'start-and-delta-are-not-added.sse': answer('Grüße, 世界 🌊', { input: 25, cachedInput: 100, output: 7, reasoning: 2 }),
  'stop-sequence-outside-ascii.sse': answer('alpha ', { input: 23, output: 5 }),
  'text-split-by-citations.sse': answer('The tower is 324 m tall – naïvely.', { input: 40, output: 14 }),
  'thinking-and-parallel-calls.json': calls([['now', {}], ['add', { terms: [1, { of: 'zwei' }] }]], { input: 11, cachedInput: 2048, cacheWrite5m: 100, cacheWrite1h: 200, output: 50, reasoning: 40 }, { text: 'One moment …', reasoning: 'Both are needed.' }),
  'thinking-in-every-form.sse': answer('3', { input: 8, output: 2, reasoning: 28 }, { reasoning: 'First, add.' }),
  'usage-only-in-the-delta.sse': answer('late', { input: 32, cachedInput: 3, output: 16 }),
}

const gemini: Record<string, Expected> = {
  'audio-in-and-out.json': answer('', { input: 90, cachedInput: 50, audioInput: 100, reasoning: 10, audioOutput: 90 }),
  'blocked-midway.sse': answer('First you ', { input: 19, output: 3 }, { finish: 'filtered' }),
  'calls-without-ids.json': calls([['look', { at: 'a', list: [1, null] }], ['look', {}]], { input: 70, output: 20, reasoning: 33 }, { text: 'Let me look.', reasoning: 'Weighing both.' }),
  'cut-by-length.json': answer('half of it', { input: 9, output: 4 }, { finish: 'length' }),
  'error-in-stream.sse': 'fails late',
  'finish-behind-the-call.sse': calls([['weather', { city: 'Zürich', days: 2 }], ['weather', { city: 'Bern' }]], { input: 60, output: 24, reasoning: 32 }, { reasoning: '**Looking up**\n' }),
  'finish-with-the-call.sse': calls([['weather', { city: 'Łódź' }]], { input: 24, cachedInput: 16, output: 11 }, { text: 'Checking. ' }),
  'malformed-call.sse': 'fails',
  'partial-arguments.sse': calls([['book', { trip: { city: 'Luzern', days: [{ n: 3 }] }, firm: true }]], { input: 30, output: 18 }),
  'prompt-blocked.json': answer('', null, { finish: 'filtered' }),
  'short-call-ids.sse': calls([north, ['north', {}]], { input: 25, output: 12, reasoning: 30 }),
  'signature-on-empty-text.sse': answer('Seven', { input: 11, output: 1, reasoning: 40 }, { reasoning: 'Thinking of seven.' }),
  'tokens-without-content.json': answer('', { input: 15, reasoning: 2 }, { finish: 'length' }),
  'two-finish-reasons.sse': answer('Ein Maß genügt 🍻.', { input: 60, output: 9, reasoning: 12 }),
  'usage-in-the-last-chunk.sse': answer('Guten Tag 🌤.', { input: 6, cachedInput: 8, output: 6 }),
  'usage-restarts.sse': answer('Let me see. It rains.', { input: 87, output: 21, reasoning: 71 }, { clamped: true }),
}

const chat: Record<string, Expected> = {
  'annotations.sse': answer('See it.', null),
  'azure-prompt-filter-first.sse': answer('ok', { input: 9, output: 1 }),
  'cache-written.json': answer('ok', { input: 8, cacheWrite5m: 4012, output: 4 }),
  'cached-beyond-prompt.json': answer('ok', { input: 10, cachedInput: 64, output: 2 }, { vendor: 'azure' }),
  'chunk-after-usage.sse': answer('hi', { input: 3, output: 1 }),
  'content-filter.sse': answer('So ', null, { finish: 'filtered' }),
  'content-filtered.json': answer('', { input: 15 }, { finish: 'filtered' }),
  'crlf-two-data-lines.sse': answer('naïve', null),
  'cut-by-length.json': answer('half a sent', { input: 12, output: 4 }, { finish: 'length' }),
  'cut-in-a-call.sse': calls([['add', '{"x":[1,']], { input: 30, output: 16 }, { finish: 'length' }),
  'error-event.sse': 'fails late',
  'error-finish.json': 'fails',
  'error-finish.sse': 'fails late',
  'error-in-200.json': 'fails',
  'error-in-chunk-with-usage.sse': 'fails late',
  'error-text.sse': 'fails',
  'finish-empty.sse': answer('hi', { input: 2, output: 1 }),
  'finish-stop-with-tools.sse': calls([north], { input: 5, output: 6 }),
  'images.sse': answer('Here.', null),
  'legacy-function-call.sse': calls([north], null),
  'length.sse': answer('{"', { input: 7, output: 1 }, { finish: 'length' }),
  'no-done.sse': answer('1, 2', { input: 4, output: 3, reasoning: 2 }, { reasoning: 'count' }),
  'other-choices.sse': answer('mine', null),
  'parallel-calls.json': calls([north, ['south', { name: 'größer' }]], { input: 18, cachedInput: 32, output: 12, reasoning: 9 }, { text: 'Both.' }),
  'plain.sse': answer('Grüße, 世界 🎉', { input: 9, output: 4 }),
  'reasoning-beside-completion.json': answer('ok', { input: 10, output: 2, reasoning: 30 }, { vendor: 'vercel' }),
  'reasoning-content.sse': answer('done', { input: 4, cachedInput: 2, output: 5, reasoning: 4 }, { reasoning: 'first this' }),
  'reasoning-details.sse': answer('Here.', null, { reasoning: 'We look.' }),
  'reasoning-encrypted.sse': calls([['north', {}]], null, { reasoning: 'Plan' }),
  'reasoning-outside-completion.json': answer('ok', { input: 10, output: 2, reasoning: 30 }, { reasoning: 'hm' }),
  'refusal.json': answer('', { input: 7, output: 3 }, { refusal: 'I cannot help.' }),
  'refusal.sse': answer('', { input: 7, output: 3 }, { refusal: 'I cannot help.' }),
  'signature-on-message.json': calls([['now', {}]], null),
  'text-of-a-special-token.sse': answer('It ends with <|endoftext|> and <|im_start|>.', null),
  'thinking-content-array.json': answer('Yes.', { input: 6, output: 9 }, { reasoning: 'let me see' }),
  'thinking-content-array.sse': answer('Yes. Sure.', { input: 6, output: 9 }, { reasoning: 'let me see' }),
  'tool-arguments-null.sse': calls([['now', {}], ['now', {}]], null),
  'tool-arguments-object.sse': calls([north], null),
  'tool-calls-all-index-0.sse': calls([north, south], { input: 5, output: 8 }),
  'tool-calls-interleaved.sse': calls([north, south], { input: 20, output: 12 }),
  'tool-id-missing.json': calls([['now', {}], ['now', {}]], { input: 35, output: 12, reasoning: 62 }, { vendor: 'gemini' }),
  'tool-index-missing.sse': calls([north, south], null),
  'tool-index-starts-at-1.sse': calls([['look', { at: 'é' }]], null, { text: 'Looking.' }),
  'tool-new-id-on-used-index.sse': calls([north, ['south', {}]], null),
  'tool-no-arguments.sse': calls([['now', {}]], null),
  'tool-signature-google.sse': calls([['north', {}]], null),
  'truncated.sse': 'fails late',
  'usage-in-every-chunk.sse': answer('abc', { input: 7, output: 3 }),
  'usage-in-finish-chunk.sse': answer('hi', { input: 4, cachedInput: 3, output: 2 }),
  'usage-only-x-groq.sse': answer('hi', { input: 7, output: 2 }),
  'usage-twice-groq.sse': answer('hi', { input: 7, output: 2 }),
}

const whole = calls([['add', { a: 1, b: 'ü' }], ['now', {}]], { input: 20, cachedInput: 60, cacheWrite5m: 20, output: 28, reasoning: 12 }, { text: 'Grüße, 東京 🙂', reasoning: 'Weigh it.\n\nThen call.' })
const responses: Record<string, Expected> = {
  'call-without-arguments.sse': calls([['now', {}]], { input: 5, output: 2 }),
  'custom-call.sse': calls([['patch', { input: '*** "x"\n' }]], { input: 5, output: 2 }),
  'error-flat.sse': 'fails',
  'error-then-failed.sse': 'fails late',
  'failed-with-usage.sse': 'fails late',
  'filtered-midway.sse': answer('Mix the ', { input: 21, output: 3 }, { finish: 'filtered' }),
  'incomplete-mid-call.sse': calls([['add', '{"x":48']], { input: 83, output: 16 }, { finish: 'length' }),
  'item-ids-rotate.sse': whole,
  'items-without-deltas.sse': calls([['now', {}]], { input: 5, output: 2 }, { text: 'Half' }),
  'no-terminal-event.sse': 'fails late',
  'raw-reasoning-done-late.sse': answer('4', { input: 78, output: 15, reasoning: 22 }, { reasoning: 'Two and two.' }),
  'refusal.sse': answer('', { input: 5, output: 2 }, { refusal: 'No.' }),
  'reply-cut.json': answer('and th', { input: 13, cachedInput: 20, output: 6, reasoning: 10 }, { finish: 'length' }),
  'reply-failed.json': 'fails',
  'reply-filtered.json': answer('', { input: 43 }, { finish: 'filtered' }),
  'reply-refusal.json': answer('', { input: 43, output: 11 }, { refusal: 'No.' }),
  'reply-whole.json': calls([['now', {}]], { input: 1, cachedInput: 2, cacheWrite5m: 1217, output: 46, reasoning: 54 }, { text: 'Hello', reasoning: 'Weigh it.\n\nThen call.' }),
  'terminal-event-alone.sse': answer('Half', { input: 5, output: 1, reasoning: 1 }, { reasoning: 'Weigh it.\n\nThen call.' }),
  'terminal-without-output.sse': answer('Half', { input: 5, output: 2 }),
  'whole-grammar.sse': whole,
}

const named = (dialect: string, list: Record<string, Expected>) => Object.entries(list).map(([file, expected]): [string, Expected] => [`${dialect}/${file}`, expected])

/** By the fixture's name; every reply and stream has one. */
export const expectations: ReadonlyMap<string, Expected> = new Map([...named('anthropic', anthropic), ...named('gemini', gemini), ...named('openai-chat', chat), ...named('openai-responses', responses)])
