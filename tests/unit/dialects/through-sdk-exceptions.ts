/** Where an SDK rightly understands something else than the file says, with the reason. */
import type { DialectId } from '#shared/schemas/channel'
import type { Understood } from '../../support/clients'

export interface Exception {
  reason: string
  /** What is understood instead. */
  instead: Partial<Understood>
}

const stopsWithCalls: Exception = { reason: 'the upstream says `stop` behind its calls', instead: { finish: 'stop' } }
const joined: Exception = { reason: 'the test client joins the parts of a summary without a blank line', instead: { reasoning: 'Weigh it.Then call.' } }
const topLevel = (input: number, output: number, reasoning: number): Exception => ({ reason: 'the top level of the usage leaves out other iterations', instead: { usage: { input, output }, parts: { cached: 0, reasoning } } })

/** Bytes pass: the vendor's own SDK meets what this upstream does differently. Text: the reason it cannot read it at all. */
export const directly: Record<string, Exception | string> = {
  'openai-chat/cached-beyond-prompt.json': { reason: 'cached tokens stand beside the prompt', instead: { usage: { input: 10, output: 2 } } },
  'openai-chat/finish-empty.sse': 'an empty finish reason is none',
  'openai-chat/finish-stop-with-tools.sse': stopsWithCalls,
  'openai-chat/legacy-function-call.sse': { reason: 'the test client knows tools only', instead: { tools: [], finish: 'other' } },
  'openai-chat/no-done.sse': 'no chunk has a role',
  'openai-chat/parallel-calls.json': stopsWithCalls,
  'openai-chat/reasoning-beside-completion.json': { reason: 'reasoning stands beside the completion', instead: { usage: { input: 10, output: 2 } } },
  'openai-chat/reasoning-content.sse': { reason: 'cached tokens have another name', instead: { parts: { cached: 0, reasoning: 4 } } },
  'openai-chat/reasoning-details.sse': { reason: 'reasoning has another name', instead: { reasoning: '' } },
  'openai-chat/reasoning-encrypted.sse': { reason: 'reasoning has another name', instead: { reasoning: '' } },
  'openai-chat/reasoning-outside-completion.json': { reason: 'reasoning stands beside the completion', instead: { usage: { input: 10, output: 2 } } },
  'openai-chat/signature-on-message.json': stopsWithCalls,
  'openai-chat/thinking-content-array.json': { reason: 'the content is a list', instead: { reasoning: '', text: [{ type: 'thinking', thinking: [{ type: 'text', text: 'let me see' }] }, { type: 'text', text: 'Yes.' }] as unknown as string } },
  'openai-chat/thinking-content-array.sse': { reason: 'the SDK adds lists to its text', instead: { reasoning: '', text: '[object Object][object Object][object Object] Sure.' } },
  'openai-chat/tool-arguments-object.sse': 'a call without a type',
  'openai-chat/tool-calls-all-index-0.sse': { reason: 'two calls at one index are one to the SDK', instead: { tools: [{ name: 'south', args: '{"n":1}{"n":2}' }], finish: 'stop' } },
  'openai-chat/tool-id-missing.json': { reason: 'only the total tells of the reasoning', instead: { usage: { input: 35, output: 12 }, parts: { cached: 0, reasoning: 0 } } },
  'openai-chat/tool-index-missing.sse': { reason: 'calls without an index are none to the SDK', instead: { tools: [] } },
  'openai-chat/tool-index-starts-at-1.sse': 'the SDK keeps calls in an array and finds a hole at 0',
  'openai-chat/tool-new-id-on-used-index.sse': { reason: 'two calls at one index are one to the SDK', instead: { tools: [{ name: 'south', args: '{"n":1}{}' }] } },
  'openai-chat/tool-signature-google.sse': stopsWithCalls,
  'openai-chat/usage-only-x-groq.sse': { reason: 'the usage has another name', instead: { usage: undefined, parts: undefined } },
  'openai-responses/custom-call.sse': { reason: 'the test client knows functions only', instead: { tools: [], finish: 'stop' } },
  'openai-responses/item-ids-rotate.sse': joined,
  'openai-responses/raw-reasoning-done-late.sse': { reason: 'raw reasoning stands in `content`, the test client reads `summary`', instead: { reasoning: '' } },
  'openai-responses/reply-whole.json': joined,
  'openai-responses/terminal-event-alone.sse': 'the SDK wants `response.created` first',
  'openai-responses/terminal-without-output.sse': { reason: 'the SDK believes the last event, which has no output', instead: { text: '' } },
  'openai-responses/whole-grammar.sse': joined,
  'anthropic/compaction-beside-the-top-level.sse': topLevel(12, 5, 0),
  'anthropic/iterations-beside-the-top-level.json': topLevel(30, 12, 5),
  'anthropic/refusal-with-explanation.sse': { reason: 'the explanation stands in `stop_details`', instead: { text: 'Well' } },
  'gemini/malformed-call.sse': { reason: 'a Gemini client reads the finish reason itself', instead: { finish: 'other', tools: [], usage: { input: 900, output: 0 } } },
  'gemini/partial-arguments.sse': { reason: 'the SDK leaves putting them together to the caller', instead: { tools: [{ name: 'book', args: undefined }, { name: '', args: undefined }, { name: '', args: undefined }, { name: '', args: undefined }] } },
  'gemini/usage-restarts.sse': { reason: 'the last chunk counts anew', instead: { usage: { input: 87, output: 78 } } },
}

const cutCall = (args: unknown, reason: string): Exception => ({ reason, instead: { tools: [{ name: 'add', args }] } })
const objectsOnly = 'Gemini has objects only: cut arguments travel as `{ input }`'
const inText = 'the dialect has no media in answers: it stands in the text'

/** A client's dialect has no word for it. */
export const towards: Partial<Record<DialectId, Record<string, Exception>>> = {
  anthropic: {
    'openai-chat/cut-in-a-call.sse': cutCall({ x: [1] }, 'the SDK reads as much of cut arguments as it can'),
    'openai-chat/images.sse': { reason: inText, instead: { text: 'Here.![image/png](data:image/png;base64,iVBORw0KGgo=)' } },
    'openai-responses/incomplete-mid-call.sse': cutCall({}, 'the SDK leaves out a number that was cut'),
    'gemini/audio-in-and-out.json': { reason: inText, instead: { text: '![audio/pcm](data:audio/pcm;base64,AAAA)' } },
  },
  gemini: {
    'openai-chat/cut-in-a-call.sse': cutCall({ input: '{"x":[1,' }, objectsOnly),
    'openai-responses/incomplete-mid-call.sse': cutCall({ input: '{"x":48' }, objectsOnly),
  },
}

/** Failures that are the caller's own, or say when to come back; every other is 503, whoever the upstream blames. */
export const failureStatus: Record<string, number> = {
  'openai-chat/error-code-as-text-429.json': 429,
  'openai-chat/error-rate-429.json': 429,
  'gemini/rate-limit-array.json': 429,
  'openai-chat/error-context-400.json': 400,
  'anthropic/error-prompt-too-long-400.json': 400,
  'gemini/error-context-400.json': 400,
}
