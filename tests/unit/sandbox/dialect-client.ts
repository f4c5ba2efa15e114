import type { Sandbox } from '../../../sandbox/index.ts'
import { framesIn, question } from './chat-client.ts'

export interface ToolLike {
  name: string
  schema: object
}

/** The fields of the vendors' answers the tests read. */
export interface Json {
  [name: string]: Json & Json[] & string
}

/** What one answer said and cost, read from the wire of its dialect. */
export interface Said {
  text: string
  reasoning: string
  calls: { name: string, args: unknown }[]
  usage: unknown
}

/** A dialect as the tests use it: how to ask the fixed question, and how to read what comes back. */
export interface Client {
  name: string
  post: (sandbox: Sandbox, model: string, stream: boolean, body: object) => Promise<Response>
  question: object
  tools: (tools: ToolLike[]) => object
  whole: (answer: Json) => Said
  streamed: (frames: Json[]) => Said
}

const [system = '', user = ''] = question.map(({ content }) => content)

function send(url: string, headers: Record<string, string>, body: object): Promise<Response> {
  return fetch(url, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
}

/** The parsed data of every event. */
export async function readJsonFrames(response: Response): Promise<Json[]> {
  return framesIn(await response.text()).map(frame => JSON.parse(frame) as Json)
}

function call(name: string, json: string): Said['calls'][number] {
  return { name, args: JSON.parse(json === '' ? '{}' : json) as unknown }
}

export const anthropic: Client = {
  name: 'anthropic',
  question: { max_tokens: 100_000, system, messages: [{ role: 'user', content: user }] },
  tools: tools => ({ tools: tools.map(({ name, schema }) => ({ name, input_schema: schema })) }),
  post: ({ upstream: { anthropic: { baseUrl, apiKey } } }, model, stream, body) =>
    send(`${baseUrl}/messages`, { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }, { model, stream, ...body }),
  whole: ({ content, usage }) => ({
    text: content!.map(({ text = '' }) => text).join(''),
    reasoning: content!.map(({ thinking = '' }) => thinking).join(''),
    calls: content!.filter(({ type }) => type === 'tool_use').map(({ name, input }) => ({ name: String(name), args: input })),
    usage,
  }),
  streamed: (frames) => {
    const deltas = frames.filter(({ type }) => type === 'content_block_delta')
    const starts = frames.filter(({ type }) => type === 'content_block_start')
    const of = (index: unknown, name: string): string => deltas.filter(frame => frame['index'] === index).map(({ delta }) => delta![name] ?? '').join('')
    return {
      text: starts.map(({ index }) => of(index, 'text')).join(''),
      reasoning: starts.map(({ index }) => of(index, 'thinking')).join(''),
      calls: starts.filter(frame => frame['content_block']!['type'] === 'tool_use').map(frame => call(String(frame['content_block']!['name']), of(frame['index'], 'partial_json'))),
      usage: frames.find(({ type }) => type === 'message_delta')?.['usage'],
    }
  },
}

function partsSaid(parts: Json[], usage: unknown): Said {
  return {
    text: parts.map(({ text = '', thought }) => thought ? '' : text).join(''),
    reasoning: parts.map(({ text = '', thought }) => thought ? text : '').join(''),
    calls: parts.flatMap(({ functionCall: made }) => made ? [{ name: String(made['name']), args: made['args'] }] : []),
    usage,
  }
}

function partsIn(answer: Json): Json[] {
  return answer['candidates']?.[0]?.['content']?.['parts'] ?? []
}

export const gemini: Client = {
  name: 'gemini',
  question: { systemInstruction: { parts: [{ text: system }] }, contents: [{ role: 'user', parts: [{ text: user }] }] },
  tools: tools => ({ tools: [{ functionDeclarations: tools.map(({ name, schema }) => ({ name, parametersJsonSchema: schema })) }] }),
  post: ({ upstream: { gemini: { baseUrl, apiKey } } }, model, stream, body) =>
    send(`${baseUrl}/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`, { 'x-goog-api-key': apiKey }, body),
  whole: answer => partsSaid(partsIn(answer), answer['usageMetadata']),
  streamed: frames => partsSaid(frames.flatMap(partsIn), frames.at(-1)?.['usageMetadata']),
}

export const responses: Client = {
  name: 'responses',
  question: { instructions: system, input: [{ role: 'user', content: [{ type: 'input_text', text: user }] }] },
  tools: tools => ({ tools: tools.map(({ name, schema }) => ({ type: 'function', name, parameters: schema, strict: false })) }),
  post: ({ upstream: { responses: { baseUrl, apiKey } } }, model, stream, body) =>
    send(`${baseUrl}/responses`, { authorization: `Bearer ${apiKey}` }, { model, stream, ...body }),
  whole: ({ output, usage }) => ({
    text: output!.flatMap(({ type, content }) => type === 'message' ? content!.map(({ text = '' }) => text) : []).join(''),
    reasoning: output!.flatMap(({ summary }) => summary?.map(({ text }) => text) ?? []).join(''),
    calls: output!.filter(({ type }) => type === 'function_call').map(item => call(String(item['name']), String(item['arguments']))),
    usage,
  }),
  streamed: (frames) => {
    const joined = (type: string): string => frames.filter(frame => frame['type'] === type).map(({ delta }) => delta).join('')
    return {
      text: joined('response.output_text.delta'),
      reasoning: joined('response.reasoning_summary_text.delta'),
      calls: frames.filter(({ type }) => type === 'response.function_call_arguments.done').map(frame => call(String(frame['name']), String(frame['arguments']))),
      usage: frames.at(-1)?.['response']?.['usage'],
    }
  },
}

export const clients = [anthropic, gemini, responses]
