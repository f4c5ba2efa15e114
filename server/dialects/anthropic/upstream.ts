import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import type { ClientRequest, Metered, UpstreamRequest } from '../dialect'
import type { MessagesMetered } from './stream'
import { writeUsage } from './usage'
import { textOf, writeEvent } from './wire'
import type { Json } from './wire'

/** The version of the wire; there has been only one since 2023. */
const VERSION = '2023-06-01'
const PING = Buffer.from('event: ping\ndata: {"type": "ping"}\n\n')
export const MESSAGE_STOP = Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n')

const wireModels = z.looseObject({ data: z.array(z.looseObject({ id: z.string().min(1).max(200) })) })

/** Headers of every call: https://docs.anthropic.com/en/api/overview */
export function headersFor(credential: string, stream: boolean): Record<string, string> {
  return {
    'x-api-key': credential,
    'anthropic-version': VERSION,
    'content-type': 'application/json',
    'accept': stream ? 'text/event-stream' : 'application/json',
  }
}

export function writeUpstreamTarget({ credential, stream }: { model: string, credential: string, stream: boolean }): Omit<UpstreamRequest, 'body'> {
  return { path: '/messages', headers: headersFor(credential, stream) }
}

export function writeModelsRequest(credential: string): { path: string, headers: Record<string, string> } {
  return { path: '/models?limit=1000', headers: { 'x-api-key': credential, 'anthropic-version': VERSION, 'accept': 'application/json' } }
}

/** https://docs.anthropic.com/en/api/models-list */
export function readModels(body: Uint8Array): string[] {
  try {
    return wireModels.parse(JSON.parse(textOf(body))).data.map(model => model.id)
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
}

export function writeProbe(model: string): Uint8Array {
  return Buffer.from(JSON.stringify({ model, max_tokens: 16, messages: [{ role: 'user', content: 'Say "ok".' }] }))
}

/** The answer of `/v1/messages/count_tokens`. */
export function writeTokenCount(tokens: number): Uint8Array {
  return Buffer.from(JSON.stringify({ input_tokens: tokens }))
}

export function streamType(_request: ClientRequest): string {
  return 'text/event-stream; charset=utf-8'
}

export function keepAlive(_request: ClientRequest): Uint8Array {
  return PING
}

export function terminator(_request: ClientRequest): Uint8Array {
  return MESSAGE_STOP
}

/** `message_start`, the same for an answer that never began and for one converted. */
export function messageStart(id: string, model: string, usage: Json): Json & { type: string } {
  return {
    type: 'message_start',
    message: { id, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null, usage },
  }
}

/**
 * Ends a stream as the vendor ends an answer at its limit: the open block is closed, then the reason is said. Where the
 * client has seen nothing yet (its first frames wait for content), the message begins here.
 */
export function writeLengthEnd(request: ClientRequest, metered: Metered): Uint8Array {
  const usage = writeUsage(metered.usage ?? {})
  const open = (metered as Partial<MessagesMetered>).openBlock
  const frames: Uint8Array[] = []
  if (metered.contentFrames === 0) frames.push(writeEvent(messageStart('msg_vapor', request.model, usage)))
  else if (open !== undefined) frames.push(writeEvent({ type: 'content_block_stop', index: open }))
  frames.push(writeEvent({ type: 'message_delta', delta: { stop_reason: 'max_tokens', stop_sequence: null }, usage }))
  return Buffer.concat(frames)
}
