import type { Endpoint } from '#server/dialects/dialect'
import { dialectOf } from '#server/dialects/index'
import * as endpoints from '#server/endpoints/index'
import type { DialectId } from '#shared/schemas/channel'
import { AppError } from '#server/errors/app-error'
import type { Call, Reply } from './reply'
import type { Relay } from './relay'

const ends: [pattern: RegExp, path: DialectId | Endpoint][] = [
  [/(?:^|\/)chat\/completions$/, 'openai-chat'],
  [/(?:^|\/)responses$/, 'openai-responses'],
  [/(?:^|\/)messages$/, 'anthropic'],
  [/(?:^|\/)completions$/, endpoints.completions],
  [/(?:^|\/)embeddings$/, endpoints.embeddings],
  [/(?:^|\/)moderations$/, endpoints.moderations],
  [/(?:^|\/)rerank$/, endpoints.rerank],
  [/(?:^|\/)images\/generations$/, endpoints.imageGenerations],
  [/(?:^|\/)images\/edits$/, endpoints.imageEdits],
  [/(?:^|\/)audio\/speech$/, endpoints.speech],
  [/(?:^|\/)audio\/transcriptions$/, endpoints.transcriptions],
  [/(?:^|\/)audio\/translations$/, endpoints.translations],
]

/**
 * Paths people type by mistake: a base URL with `/v1` twice, or with the endpoint in it already. What ends like an
 * endpoint is that endpoint; a bare `/v1` is decided by headers and body; everything else is not here.
 */
export function serveMistyped({ relay }: { relay: Relay }, method: string, call: Call): Promise<Reply> {
  const path = call.target.path.replace(/\/+$/, '')
  const found = ends.find(([pattern]) => pattern.test(path))
  if (!found && path !== '/v1') throw new AppError('not_found', { path: call.target.path.slice(0, 200) })
  if (found) call.dialect = typeof found[1] === 'object' ? found[1] : dialectOf(found[1])
  if (method !== 'POST') throw new AppError('method_not_allowed', { allowed: 'POST' })
  return relay(found?.[1], call)
}
