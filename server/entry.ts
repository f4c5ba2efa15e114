/**
 * What starts on Node in place of Nitro's own entry (`nuxt.config.ts` says where), because that one knows no balancer: it
 * hangs up on idle connections after 5 s and shuts the door the moment it is asked to stop.
 */
import { createServer } from 'node:http'
import { toNodeListener } from 'h3'
import { useNitroApp } from 'nitropack/runtime'
import { useConfig } from '#server/config'
import { createLog } from '#server/config/log'
import { compressAnswer } from '#server/ops/compress-answer'
import { isDraining } from '#server/ops/lifecycle'
import { closeServer } from '#server/ops/shutdown'
import { findRuntime } from '#server/runtime'

/** Longer than the minute balancers keep a connection, so that it is never us who hangs up just when they send. */
const KEEP_ALIVE_MS = 75_000
/** Also bounds a fresh connection that a balancer has opened in advance. */
const HEADERS_MS = 80_000
const EXIT_AFTER_MS = 20_000

const nitro = useNitroApp()
const config = useConfig()
const log = createLog(config.VAPOR_LOG)
const handle = toNodeListener(nitro.h3App)

nitro.hooks.hook('beforeResponse', compressAnswer)

// One request's mistake must not end the answers of all others.
process.on('unhandledRejection', error => log.error('a promise failed where nobody waits', error))
process.on('uncaughtException', error => log.error('something threw where nobody catches', error))

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS }, (req, res) => {
  if (isDraining()) res.setHeader('connection', 'close')
  void handle(req, res)
})
server.once('error', (error) => {
  log.error(`Vapor cannot listen: ${error.message}`)
  process.exit(1)
})
server.once('listening', () => {
  const address = server.address()
  log.info(`listening on ${typeof address === 'object' ? `port ${address?.port}` : address}`)
})
server.listen({ port: config.PORT, ...(config.HOST ? { host: config.HOST } : {}) })

const hurry = new AbortController()
/** An interrupt comes from somebody who waits at a terminal, so nobody has to be told first; a second signal ends all waiting. */
function stop(signal: NodeJS.Signals): void {
  if (isDraining()) return hurry.abort()
  void shutDown(signal === 'SIGTERM' ? config.VAPOR_DRAIN_SECONDS * 1000 : 0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)

async function shutDown(drainMs: number): Promise<void> {
  await closeServer({ server, drainMs, stopMs: config.VAPOR_STOP_SECONDS * 1000, endRunning: () => findRuntime()?.endRunning(), hurry: hurry.signal })
  setTimeout(() => process.exit(1), EXIT_AFTER_MS)
  await nitro.hooks.callHook('close')
  process.exit(0)
}
