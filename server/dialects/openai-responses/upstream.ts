import { z } from 'zod'
import type { Quirks } from '#shared/schemas/quirks'
import { AppError } from '#server/errors/app-error'
import type { ClientRequest, Metered, UpstreamAccess, UpstreamRequest } from '../dialect'
import { authHeader } from '../quirks'
import type { Trail } from './stream'
import { writeUsage } from './usage'
import { parseJson, writeEvent } from './wire'

/** The one path of this API; a channel's base URL ends with the version. */
export function writeUpstreamTarget(upstream: UpstreamAccess & { stream: boolean }): Omit<UpstreamRequest, 'body'> {
  return {
    path: '/responses',
    headers: { ...authHeader(upstream.credential, upstream.quirks), 'content-type': 'application/json', 'accept': upstream.stream ? 'text/event-stream' : 'application/json' },
  }
}

const wireModels = z.looseObject({ data: z.array(z.looseObject({ id: z.string().min(1).max(200) })) })

/** https://platform.openai.com/docs/api-reference/models/list */
export function writeModelsRequest(credential: string, quirks?: Quirks): { path: string, headers: Record<string, string> } {
  return { path: '/models', headers: { ...authHeader(credential, quirks), accept: 'application/json' } }
}

/** Ids of the models. Throws AppError `upstream_malformed` for what is no such list. */
export function readModels(body: Uint8Array): string[] {
  try {
    return wireModels.parse(parseJson(body)).data.map(model => model.id)
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
}

/** 16 is the least this API lets an answer have. */
export function writeProbe(model: string): Uint8Array {
  return Buffer.from(JSON.stringify({ model, input: 'Say "ok".', max_output_tokens: 16, store: false }))
}

/** Every stream of this API is one of events. */
export function streamType(_request: ClientRequest): string {
  return 'text/event-stream; charset=utf-8'
}

/** A comment, which every reader of events skips. */
export function keepAlive(_request: ClientRequest): Uint8Array {
  return Buffer.from(': keep-alive\n\n')
}

/** The last event of a response is its end: nothing stands behind it. */
export function terminator(_request: ClientRequest): Uint8Array {
  return new Uint8Array(0)
}

/**
 * Ends a stream that was passed through as the vendor ends one that hit its limit: `response.incomplete` with what was
 * whole so far. It continues the id and the counter of the stream when the meter of this dialect has watched it.
 */
export function writeLengthEnd(request: ClientRequest, metered: Metered & { trail?: Trail }): Uint8Array {
  const { trail } = metered
  const response = {
    id: trail?.id ?? 'resp_vapor',
    object: 'response',
    created_at: trail?.created ?? Math.floor(Date.now() / 1000),
    status: 'incomplete',
    error: null,
    incomplete_details: { reason: 'max_output_tokens' },
    model: trail?.model ?? request.model,
    output: trail?.items ?? [],
    usage: writeUsage(metered.usage ?? {}),
  }
  // Without a watched stream the number only has to be behind all others.
  const sequence = trail ? trail.sequence + 1 : metered.contentFrames + 1
  return Buffer.from(writeEvent({ type: 'response.incomplete', response, sequence_number: sequence }))
}
