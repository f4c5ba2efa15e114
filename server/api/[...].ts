import { defineEventHandler, setResponseHeader } from 'h3'
import { AppError } from '#server/errors/app-error'
import { answerError } from '#server/utils/answer-error'
import { api } from '#shared/schemas/api'
import type { Operation } from '#shared/schemas/api'

/** What no handler answers: a path that is not there, or one that is there for other methods. */
export default defineEventHandler((event) => {
  setResponseHeader(event, 'cache-control', 'no-store')
  const path = event.path.split('?')[0] ?? ''
  const allowed = Object.values<Operation>(api).filter(operation => patternOf(operation).test(path)).map(operation => operation.method)
  if (allowed.length === 0) return answerError(event, new AppError('not_found', { path }))
  setResponseHeader(event, 'allow', allowed.join(', '))
  return answerError(event, new AppError('method_not_allowed', { allowed: allowed.join(' or ') }))
})

function patternOf({ path }: Operation): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}/?$`)
}
