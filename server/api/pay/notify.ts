import { defineEventHandler, setResponseHeader, setResponseStatus } from 'h3'
import { useRuntime } from '#server/runtime'
import { readNotice } from '#server/utils/read-notice'

/**
 * The gateway's notices, by GET or as a form. No session and no Origin: a notice stands for itself by its signature and
 * the question it leads to. `success` says that it is booked; anything else lets the gateway come again.
 */
export default defineEventHandler(async (event) => {
  setResponseHeader(event, 'cache-control', 'no-store')
  setResponseHeader(event, 'content-type', 'text/plain; charset=utf-8')
  if (event.method !== 'GET' && event.method !== 'POST') {
    setResponseHeader(event, 'allow', 'GET, POST')
    setResponseStatus(event, 405)
    return 'fail'
  }
  const { log, payments } = useRuntime()
  try {
    const pairs = await readNotice(event)
    return pairs ? await payments.receive(pairs) : 'fail'
  }
  catch (error) {
    log.error('a notice could not be booked', error)
    setResponseStatus(event, 500)
    return 'fail'
  }
})
