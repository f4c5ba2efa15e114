import { defineEventHandler, setResponseHeader } from 'h3'
import { AppError } from '#server/errors/app-error'
import { answerErrorPage } from '#server/utils/answer-error'
import { findKept } from '#server/utils/kept-pages'
import { sendKept } from '#server/utils/send-kept'

/** Pages waiting for their turn; more than this is a flood. */
const WAITING_MAX = 200

/** Asked by machines that count an answer that is late as none. */
const PROBES = /^\/(?:healthz|readyz|metrics)(?:\?|$)/

let last: Promise<void> = Promise.resolve()
let waiting = 0

/**
 * One page is rendered at a time: a render keeps the event loop busy for tens of milliseconds, and the streams of the
 * public protocol share that loop. Everything that is not a page, or was
 * rendered for another visitor just now, passes at once.
 */
export default defineEventHandler(async (event) => {
  const { path, node: { res } } = event
  if (path.startsWith('/v1') || path.startsWith('/api/') || path.startsWith('/_') || path.startsWith('/docs/') || PROBES.test(path)) return
  const kept = findKept(event)
  if (kept) return sendKept(event, kept)
  if (waiting >= WAITING_MAX) {
    setResponseHeader(event, 'retry-after', 1)
    return answerErrorPage(event, new AppError('overloaded'))
  }
  const turn = last
  waiting++
  last = new Promise<void>((resolve) => {
    const release = () => {
      waiting--
      resolve()
    }
    res.once('close', release)
  })
  await turn
})
