import type { Reply } from '../reply.ts'
import { isRecord } from '../talk.ts'
import { encryptedReasoning } from './items.ts'
import type { ResponsesBody } from './reply.ts'

/** What every event of one answer is about. */
export interface Identity {
  /** Ends the ids of the response and of its items. */
  number: string
  createdAt: number
  body: ResponsesBody
}

/** One item of the output: what it is, its text, and the item as it is when all has been said. */
export interface Item {
  kind: 'reasoning' | 'text' | 'refusal' | 'call'
  text: string
  /** The item before anything was said. */
  begun: Record<string, unknown> & { id: string }
  done: Record<string, unknown>
}

/** The items of a reply, in order. Only the last can be cut by the limit. */
export function itemsOf({ number, body }: Identity, reply: Reply): Item[] {
  const items: Item[] = []
  const last = reply.finishReason === 'stop' || reply.finishReason === 'tool_calls' ? 'completed' : 'incomplete'
  if (reply.reasoning !== '') items.push(reasoningItem(`rs_sandbox_${number}`, reply.reasoning, body))
  if (reply.refusal !== '') items.push(messageItem(`msg_sandbox_${number}`, 'refusal', reply.refusal, last))
  if (reply.text !== '') items.push(messageItem(`msg_sandbox_${number}`, 'text', reply.text, last))
  for (const [index, { id: callId, function: { name, arguments: json } }] of reply.toolCalls.entries()) {
    const call = { id: `fc_sandbox_${number}_${index}`, type: 'function_call' }
    const status = index === reply.toolCalls.length - 1 ? last : 'completed'
    items.push({
      kind: 'call',
      text: json,
      begun: { ...call, status: 'in_progress', arguments: '', call_id: callId, name },
      done: { ...call, status, arguments: json, call_id: callId, name },
    })
  }
  return items
}

/** The encrypted form of a thought comes only when the request asks to include it. */
function reasoningItem(id: string, text: string, { include }: ResponsesBody): Item {
  const encrypted = Array.isArray(include) && include.includes('reasoning.encrypted_content')
  const item = { id, type: 'reasoning', content: [] }
  return {
    kind: 'reasoning',
    text,
    // The value at the beginning is not the final one, as with the real one.
    begun: { ...item, ...(encrypted && { encrypted_content: 'sandbox-unfinished' }), summary: [] },
    done: { ...item, ...(encrypted && { encrypted_content: encryptedReasoning(id) }), summary: [{ type: 'summary_text', text }] },
  }
}

function messageItem(id: string, kind: 'text' | 'refusal', text: string, status: string): Item {
  const item = { id, type: 'message', role: 'assistant' }
  return {
    kind,
    text,
    begun: { ...item, status: 'in_progress', content: [] },
    done: { ...item, status, content: [partOf(kind, text)] },
  }
}

export function partOf(kind: 'text' | 'refusal', text: string): object {
  return kind === 'refusal' ? { type: 'refusal', refusal: text } : { type: 'output_text', annotations: [], logprobs: [], text }
}

/** The parts of a response that change while it is made. */
interface State {
  status: 'in_progress' | 'completed' | 'incomplete' | 'failed'
  output: unknown[]
  usage: object | null
  error?: object
  incomplete?: string
}

/** The whole response object, with the request's own settings said back. */
export function responseOf({ number, createdAt, body }: Identity, { status, output, usage, error, incomplete }: State): object {
  const echoed = (name: string, standard: unknown): Record<string, unknown> => ({ [name]: body[name] ?? standard })
  const reasoning = isRecord(body['reasoning']) ? body['reasoning'] : {}
  const tools: unknown[] = Array.isArray(body['tools']) ? body['tools'] : []
  return {
    id: `resp_sandbox_${number}`,
    object: 'response',
    created_at: createdAt,
    status,
    ...echoed('background', false),
    completed_at: status === 'completed' ? createdAt + 1 : null,
    error: error ?? null,
    incomplete_details: incomplete === undefined ? null : { reason: incomplete },
    ...echoed('instructions', null),
    ...echoed('max_output_tokens', null),
    model: body.model,
    output,
    ...echoed('parallel_tool_calls', true),
    previous_response_id: null,
    reasoning: { effort: reasoning['effort'] ?? null, summary: reasoning['summary'] ?? null },
    ...echoed('service_tier', 'default'),
    ...echoed('store', true),
    ...echoed('temperature', 1),
    text: { format: { type: 'text' }, verbosity: 'medium', ...(isRecord(body['text']) && body['text']) },
    ...echoed('tool_choice', 'auto'),
    // A function that does not say so is strict here, unlike in chat completions.
    tools: tools.filter(isRecord).map(tool => tool['type'] === 'function' ? { strict: true, ...tool } : tool),
    ...echoed('top_p', 1),
    ...echoed('truncation', 'disabled'),
    usage,
    user: null,
    ...echoed('metadata', {}),
  }
}

/** The response when all has been said. */
export function finalResponse(identity: Identity, reply: Reply, usage: object | null): { event: string, response: object } {
  const output = itemsOf(identity, reply).map(({ done }) => done)
  if (reply.finishReason === 'length' || reply.finishReason === 'content_filter') {
    const incomplete = reply.finishReason === 'length' ? 'max_output_tokens' : 'content_filter'
    return { event: 'response.incomplete', response: responseOf(identity, { status: 'incomplete', output, usage, incomplete }) }
  }
  return { event: 'response.completed', response: responseOf(identity, { status: 'completed', output, usage }) }
}
