import { z } from 'zod'
import type { Quirks } from '#shared/schemas/quirks'
import { AppError } from '#server/errors/app-error'
import type { ClientRequest, Metered, UpstreamAccess, UpstreamRequest } from '../dialect'
import { authHeader } from '../quirks'
import { writeUsage } from './usage'
import { parseUpstream } from './wire'

const wireModels = z.looseObject({ data: z.array(z.looseObject({ id: z.string().min(1).max(200) })) })

/** https://platform.openai.com/docs/api-reference/chat/create */
export function writeUpstreamTarget(upstream: UpstreamAccess & { stream: boolean }): Omit<UpstreamRequest, 'body'> {
  return {
    path: '/chat/completions',
    headers: { ...authHeader(upstream.credential, upstream.quirks), 'content-type': 'application/json', 'accept': upstream.stream ? 'text/event-stream' : 'application/json' },
  }
}

export function writeModelsRequest(credential: string, quirks?: Quirks): { path: string, headers: Record<string, string> } {
  return { path: '/models', headers: { ...authHeader(credential, quirks), accept: 'application/json' } }
}

/** https://platform.openai.com/docs/api-reference/models/list */
export function readModels(body: Uint8Array): string[] {
  const models = wireModels.safeParse(parseUpstream(body))
  if (!models.success) throw new AppError('upstream_malformed', {}, { cause: models.error })
  return models.data.data.map(model => model.id)
}

export function writeProbe(model: string, quirks: Quirks = {}): Uint8Array {
  return Buffer.from(JSON.stringify({ model, messages: [{ role: 'user', content: 'Say "ok".' }], [quirks.maxTokens ?? 'max_tokens']: 16 }))
}

export function streamType(_request: ClientRequest): string {
  return 'text/event-stream; charset=utf-8'
}

/** A comment: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function keepAlive(_request: ClientRequest): Uint8Array {
  return Buffer.from(': keep-alive\n\n')
}

export function terminator(_request: ClientRequest): Uint8Array {
  return Buffer.from('data: [DONE]\n\n')
}

/** A last chunk with finish reason `length`, as the vendor ends an answer that hit its limit, and the usage that is known. */
export function writeLengthEnd(request: ClientRequest, metered: Metered): Uint8Array {
  const head = { id: 'chatcmpl-vapor', object: 'chat.completion.chunk', created: Math.floor(Date.now() / 1000), model: request.model }
  const chunks: Record<string, unknown>[] = [{ ...head, choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: 'length' }] }]
  if (request.wantsUsage && metered.usage) chunks.push({ ...head, choices: [], usage: writeUsage(metered.usage) })
  return Buffer.from(chunks.map(chunk => `data: ${JSON.stringify(chunk)}\n\n`).join(''))
}
