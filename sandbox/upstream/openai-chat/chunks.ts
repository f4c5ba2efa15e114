import type { Reply } from '../reply.ts'
import { splitFor } from '../reply.ts'

/** What every object of one answer carries. `created` is in seconds. */
export interface Identity {
  id: string
  created: number
  model: string
}

export interface Delta {
  role?: 'assistant'
  content?: string | null
  refusal?: string | null
  reasoning_content?: string
  tool_calls?: { index: number, id?: string, type?: 'function', function: { name?: string, arguments: string } }[]
}

/** One `chat.completion.chunk`, with the fields and the order of the real ones. */
export function chunk(identity: Identity, choice: { index: number, delta: Delta, finish: string | null }): Record<string, unknown> {
  return {
    ...head(identity, 'chat.completion.chunk'),
    choices: [{ index: choice.index, delta: choice.delta, logprobs: null, finish_reason: choice.finish }],
  }
}

/** The last chunk of a stream whose caller asked for usage has no choices. */
export function usageChunk(identity: Identity): Record<string, unknown> {
  return { ...head(identity, 'chat.completion.chunk'), choices: [] }
}

function head({ id, created, model }: Identity, object: string): Record<string, unknown> {
  return { id, object, created, model, service_tier: 'default', system_fingerprint: 'fp_sandbox' }
}

/** The role chunk: tool calls start with null content, everything else with an empty text. */
export function roleDelta(reply: Reply): Delta {
  return reply.toolCalls.length > 0 ? { role: 'assistant', content: null } : { role: 'assistant', content: '', refusal: null }
}

/** The deltas between the role and the finish, for one choice. */
export function contentDeltas(reply: Reply): Delta[] {
  const split = (text: string): string[] => splitFor(reply, text)
  return [
    ...split(reply.reasoning).map(piece => ({ reasoning_content: piece })),
    ...split(reply.refusal).map(piece => ({ refusal: piece })),
    ...split(reply.text).map(piece => ({ content: piece })),
    ...reply.toolCalls.flatMap((call, index): Delta[] => [
      { tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.function.name, arguments: '' } }] },
      ...split(call.function.arguments).map(piece => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ]),
  ]
}

/** The `chat.completion` object of a reply that is not streamed. */
export function completion(identity: Identity, reply: Reply, usage: unknown): Record<string, unknown> {
  const silent = reply.refusal !== '' || (reply.toolCalls.length > 0 && reply.text === '')
  const message = {
    role: 'assistant',
    content: silent ? null : reply.text,
    ...(reply.reasoning !== '' && { reasoning_content: reply.reasoning }),
    refusal: reply.refusal === '' ? null : reply.refusal,
    annotations: [],
    ...(reply.toolCalls.length > 0 && { tool_calls: reply.toolCalls }),
  }
  return {
    ...head(identity, 'chat.completion'),
    choices: Array.from({ length: reply.choices }, (_, index) => ({ index, message, logprobs: null, finish_reason: reply.finishReason })),
    ...(usage !== undefined && { usage }),
  }
}
