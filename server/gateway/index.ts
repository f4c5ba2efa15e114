import { createKeyUsages } from '#server/billing/key-usage'
import type { Ledger } from '#server/billing/ledger'
import type { Outbox } from '#server/billing/outbox'
import { createPeriods } from '#server/billing/periods'
import type { Catalog } from '#server/catalog/catalog'
import type { Config } from '#server/config/index'
import type { Store } from '#server/storage/store'
import type { Keys } from '#server/users/keys'
import { createCallers } from './caller'
import { createCounter } from './counting/index'
import { createHealth } from './health'
import { createKeyInfo } from './key-info'
import { createModelList } from './models'
import { createProbe } from './probe'
import { createQuotes } from './quote'
import { createRefusalNotes } from './refusal-notes'
import { createRefusals } from './refusals'
import { createRelay } from './relay'
import type { RelayOptions } from './relay'
import { countOpen } from './open-count'
import type { OpenRequest } from './open-request'
import { createSettlement } from './settlement'
import { createTokenCount } from './token-count'
import { createUpstream } from './upstream.node'

export interface GatewayOptions extends Pick<RelayOptions, 'concurrency' | 'openAfterMs' | 'keepAliveMs' | 'settleWaitMs'> {
  config: Config
  instance: string
  store: Store
  ledger: Ledger
  outbox: Outbox
  keys: Pick<Keys, 'findCaller' | 'markUsed'>
  catalog: Catalog
  onError: (error: unknown) => void
}

export type Gateway = ReturnType<typeof createGateway>

/** Puts the gateway together. `relay.ts` is the story, everything else here serves it. */
export function createGateway(options: GatewayOptions) {
  const { config, store, ledger, outbox, catalog, onError } = options
  const upstream = createUpstream({
    allowPrivate: config.VAPOR_ALLOW_PRIVATE_UPSTREAMS,
    headersTimeoutMs: config.VAPOR_HEADERS_TIMEOUT * 1000,
    silenceTimeoutMs: config.VAPOR_SILENCE_TIMEOUT * 1000,
  })
  const callers = createCallers(options.keys)
  const refusals = createRefusals({ now: Date.now })
  const counter = createCounter()
  const health = createHealth()
  const quotes = createQuotes()
  const periods = createPeriods(config.VAPOR_TIME_ZONE)
  const requestsTtlMs = config.VAPOR_REQUESTS_DAYS * 86_400_000
  const settlement = createSettlement({ ledger, outbox, counter, quotes, requestsTtlMs, onError })

  const running = new Set<OpenRequest>()
  const relay = createRelay({ ...options, running, callers, quotes, periods, settlement, health, upstream: upstream.call, outboxSize: () => outbox.size })

  return {
    ...countOpen(relay),
    modelList: createModelList({ catalog, callers }),
    keyInfo: createKeyInfo({ callers, ledger, periods, usages: createKeyUsages({ store, periods, now: Date.now }) }),
    /** Who calls, for answers the gateway has no part in. */
    requireCaller: callers.require,
    countTokens: createTokenCount({ callers, catalog, counter }),
    /** Calls that were refused before they became requests. */
    refusals,
    noteRefusal: createRefusalNotes({ callers, refusals }),
    probe: createProbe(upstream.call),
    health,
    /** Ends what runs: each is charged for what was delivered, and told why. */
    endRunning: () => running.forEach(open => open.abort.abort('stopping')),
    async close() {
      await Promise.all([upstream.close(), counter.close()])
    },
  }
}
