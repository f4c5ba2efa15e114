import { describe, expect, it } from 'vitest'
import type { DialectId } from '#shared/schemas/channel'
import { madeRequests, ownRequests } from '../../support/requests'
import { crossAll, unexplained, untrue } from '../../support/round-trip'
import { wrongBy } from '../../support/vendor-schemas'

/** Requests of our own for every other dialect: what its vendor's SDK would send, and nothing lost that is not told. */
const { written, refused } = crossAll(ownRequests)

/** What clients send all the same. */
const notOfSdk: Record<string, string> = {
  'openai-chat/nulls for whatever is not wished': 'some clients write out what they leave open',
  'openai-chat/reasoning of other servers': 'a field of DeepSeek, Kimi and GLM',
  'openai-responses/fields of its own': 'a field the SDK no longer names',
  'openai-responses/strict by silence': 'the SDK demands what the API fills in',
  'anthropic/fields of its own': 'a field of a beta',
  'gemini/fields of its own': 'a field of Vertex',
  'gemini/snake case': 'the other way to write every name',
}

const said = (...texts: [who: string, value: string][]) => texts.map(([who, value]) => ({ who, what: 'text', value }))

/** What an upstream is told in other words on purpose. */
const reworded: Record<string, Record<string, unknown>> = {
  // Somebody must have asked something.
  'anthropic (claude-sonnet-4-5) < openai-chat/instructions alone': { said: said(['user', 'Sayhello.']) },
  'anthropic (claude-opus-4-8) < openai-chat/instructions alone': { said: said(['user', 'Sayhello.']) },
  'gemini (gemini-2.5-flash) < openai-chat/instructions alone': { said: said(['user', 'Sayhello.']) },
  'gemini (gemini-3-flash) < openai-chat/instructions alone': { said: said(['user', 'Sayhello.']) },
  'anthropic (claude-sonnet-4-5) < openai-chat/an assistant who begins and ends': { said: said(['user', 'Continue.'], ['assistant', 'Welcome!'], ['user', 'Hi'], ['assistant', 'Letmesee:']) },
  'anthropic (claude-opus-4-8) < openai-chat/an assistant who begins and ends': { said: said(['user', 'Continue.'], ['assistant', 'Welcome!'], ['user', 'Hi'], ['assistant', 'Letmesee:']) },
  // The most there is: the model decides.
  'gemini (gemini-2.5-flash) < anthropic/thoughts as the model likes': { thinks: 'gone' },
}

describe('a schema generated from the SDK', () => {
  it('takes our requests as they are', () => {
    const wrong = madeRequests.filter(({ dialect, body }) => wrongBy(dialect, body).length > 0)
    expect(wrong.map(({ dialect, name }) => `${dialect}/${name}`).sort()).toEqual(Object.keys(notOfSdk).sort())
  })

  const hi = { role: 'user', content: 'Hi' }
  it.each<[string, DialectId, Record<string, unknown>, string]>([
    ['a field nobody knows', 'openai-chat', { model: 'm', messages: [hi], top_k: 4 }, ': must NOT have additional properties {"additionalProperty":"top_k"}'],
    ['a field in the wrong place', 'openai-chat', { model: 'm', messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi', detail: 'low' }] }] }, '/messages/0/content/0: must NOT have additional properties {"additionalProperty":"detail"}'],
    ['a word out of a list', 'openai-chat', { model: 'm', messages: [hi], reasoning_effort: 'much' }, '/reasoning_effort: must be equal to one of the allowed values'],
    ['the parts of another dialect', 'openai-responses', { model: 'm', input: [{ type: 'message', role: 'user', content: [{ type: 'text', text: 'Hi' }] }] }, '/input/0/content/0'],
    ['a result without its call', 'openai-responses', { model: 'm', input: [{ type: 'function_call_output', output: 'x' }] }, '/input/0: must have required property'],
    ['no limit', 'anthropic', { model: 'm', messages: [hi] }, ': must have required property \'max_tokens\''],
    ['a result in the wrong form', 'anthropic', { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 3 }] }] }, '/messages/0/content/0/content: must be'],
    ['a schema that is no object', 'anthropic', { model: 'm', max_tokens: 1, messages: [hi], tools: [{ name: 'a', input_schema: { type: 'array' } }] }, '/tools/0'],
    ['a setting outside its object', 'gemini', { contents: [], temperature: 1 }, ': must NOT have additional properties {"additionalProperty":"temperature"}'],
    ['a mode nobody knows', 'gemini', { contents: [], toolConfig: { functionCallingConfig: { mode: 'required' } } }, '/toolConfig/functionCallingConfig/mode: must be equal to one of the allowed values'],
    ['arguments as a text', 'gemini', { contents: [{ role: 'model', parts: [{ functionCall: { name: 'a', args: '{}' } }] }] }, '/contents/0/parts/0/functionCall/args: must be object'],
  ])('finds %s (%s)', (_, id, body, problem) => {
    expect(wrongBy(id, body).join('\n')).toContain(problem)
  })
})

describe('our requests in every other dialect', () => {
  it('are refused only where there is no word for what they hold', () => {
    expect(refused).toEqual({
      'openai-responses < openai-chat/sound': 'audio',
      'anthropic < openai-chat/sound': 'messages',
      'openai-chat < openai-responses/request-agent.json': 'messages.content',
      'openai-chat < anthropic/a file at an address': 'messages.content',
      'openai-responses < gemini/sound': 'audio',
      'anthropic < gemini/sound': 'messages',
      'openai-chat < gemini/video': 'messages.content',
      'openai-responses < gemini/video': 'video',
      'anthropic < gemini/video': 'messages',
    })
  })

  it.each(written)('$name', ({ name, to, ...crossed }) => {
    expect(wrongBy(to, crossed.body)).toEqual([])
    expect(unexplained(crossed, to)).toEqual(reworded[name] ?? {})
    expect(untrue(crossed, to)).toEqual([])
  })
})
