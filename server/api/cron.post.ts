import { createHash, timingSafeEqual } from 'node:crypto'
import { defineEventHandler, getRequestHeader, setResponseHeader, setResponseStatus } from 'h3'
import { platform } from '#server/config/platform'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { answerError } from '#server/utils/answer-error'

/** The platform cuts calls; whoever waits longer than this learns only that the jobs have begun. */
const PATIENCE_MS = 60_000

/**
 * Does the jobs nobody waits for, and says how each went. Where no clock runs, a call without a word of who calls, such as
 * the platform's own schedule makes, does them too, like anybody who opens the console: at most once a minute.
 */
export default defineEventHandler(async (event) => {
  setResponseHeader(event, 'cache-control', 'no-store')
  const { config, jobs } = useRuntime()
  const said = getRequestHeader(event, 'authorization')
  if (said === undefined && platform.onDemand) {
    await jobs.runDue(PATIENCE_MS)
    setResponseStatus(event, 202)
    return { jobs: [] }
  }
  if (config.VAPOR_CRON_SECRET === '') return answerError(event, new AppError('not_found', { path: event.path }))
  if (!isSame(said ?? '', `Bearer ${config.VAPOR_CRON_SECRET}`)) return answerError(event, new AppError('cron_secret'))
  return { jobs: await jobs.runAll() }
})

function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
