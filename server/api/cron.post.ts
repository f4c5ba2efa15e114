import { createHash, timingSafeEqual } from 'node:crypto'
import { defineEventHandler, getRequestHeader, setResponseHeader } from 'h3'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { answerError } from '#server/utils/answer-error'

/**
 * Where no process stays alive to run timers, a scheduler calls this every minute with `Authorization: Bearer` and
 * VAPOR_CRON_SECRET. Without that variable, or with another secret, there is nothing here.
 */
export default defineEventHandler(async (event) => {
  setResponseHeader(event, 'cache-control', 'no-store')
  const { config, runChores } = useRuntime()
  try {
    const given = getRequestHeader(event, 'authorization') ?? ''
    if (config.VAPOR_CRON_SECRET === '' || !isSame(given, `Bearer ${config.VAPOR_CRON_SECRET}`)) throw new AppError('not_found', { path: '/api/cron' })
    return await runChores()
  }
  catch (error) { return answerError(event, error) }
})

function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
