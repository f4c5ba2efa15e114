import { createHash, timingSafeEqual } from 'node:crypto'
import { defineEventHandler, getRequestHeader, setResponseHeader } from 'h3'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { answerError } from '#server/utils/answer-error'

/** What Prometheus reads, for whoever has VAPOR_METRICS_TOKEN; without that variable there is nothing here. */
export default defineEventHandler((event) => {
  const { config, writeMetrics } = useRuntime()
  setResponseHeader(event, 'cache-control', 'no-store')
  if (!writeMetrics) return answerError(event, new AppError('not_found', { path: '/metrics' }))
  if (!isSame(getRequestHeader(event, 'authorization') ?? '', `Bearer ${config.VAPOR_METRICS_TOKEN}`)) return answerError(event, new AppError('metrics_token'))
  setResponseHeader(event, 'content-type', 'text/plain; version=0.0.4; charset=utf-8')
  return writeMetrics()
})

/** Digests have one length, so that the comparison tells nothing. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
