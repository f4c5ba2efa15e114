import { dialectOf } from '#server/dialects/index'
import type { DialectId } from '#shared/schemas/channel'
import { AppError } from '#server/errors/app-error'
import type { Call, Reply } from './reply'
import type { Relay } from './relay'

const ends: [pattern: RegExp, dialect: DialectId][] = [
  [/(?:^|\/)chat\/completions$/, 'openai-chat'],
  [/(?:^|\/)responses$/, 'openai-responses'],
  [/(?:^|\/)messages$/, 'anthropic'],
]

/**
 * Paths people type by mistake: a base URL with `/v1` twice, or with the endpoint in it already. What ends like an
 * endpoint is that endpoint; a bare `/v1` is decided by headers and body; everything else is not here.
 */
export function serveMistyped({ relay }: { relay: Relay }, method: string, call: Call): Promise<Reply> {
  const path = call.target.path.replace(/\/+$/, '')
  const found = ends.find(([pattern]) => pattern.test(path))
  if (!found && path !== '/v1') throw new AppError('not_found', { path: call.target.path.slice(0, 200) })
  if (found) call.dialect = dialectOf(found[1])
  if (method !== 'POST') throw new AppError('method_not_allowed', { allowed: 'POST' })
  return relay(found?.[1], call)
}
