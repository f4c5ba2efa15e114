import { join } from 'node:path'
import { defineEventHandler, setResponseStatus } from 'h3'
import type { NitroApp } from 'nitropack'
import { defineNitroPlugin } from 'nitropack/runtime'
import { createLedger } from '#server/billing/ledger'
import type { Ledger } from '#server/billing/ledger'
import { holdLease } from '#server/billing/lease'
import { openOutbox } from '#server/billing/outbox'
import { sweepOrphans } from '#server/billing/sweeper'
import { readConfig, setConfig } from '#server/config/index'
import type { Config } from '#server/config/index'
import { createLog } from '#server/config/log'
import type { Log } from '#server/config/log'
import { platform } from '#server/config/platform'
import { toAppError } from '#server/errors/app-error'
import { createClientAddress } from '#server/gateway/client-address'
import { createTextFetcher } from '#server/gateway/fetch-text'
import { createGateway } from '#server/gateway/index'
import { createJobs } from '#server/ops/jobs'
import type { Job } from '#server/ops/jobs'
import { isDraining } from '#server/ops/lifecycle'
import { createMetrics } from '#server/ops/metrics'
import { startOnDemand, StartRefused } from '#server/ops/on-demand'
import { createReadiness } from '#server/ops/ready'
import { createThaw } from '#server/ops/thaw'
import { setRuntime, useRuntime } from '#server/runtime'
import { deriveVaultSecrets } from '#server/secrets/derived'
import { openVault } from '#server/secrets/vault'
import { createServices } from '#server/services'
import type { Services } from '#server/services'
import { createId } from '#server/storage/ids'
import { maintenanceOf, openStore, setStore } from '#server/storage/index'
import { createLeader } from '#server/storage/leader'
import type { StoreDriver } from '#server/storage/store'
import { watchVersions } from '#server/storage/versions'

const SWEEP_MS = 15_000
const FOLD_MS = 60_000
const ASK_MS = 5000
const MAINTAIN_MS = 60_000
const CLAIMS_MS = 60_000
/** How often a process looks for changes by itself, where each look is a call of a function. */
const WATCH_ON_DEMAND_MS = 60_000
/** The longest a page waits for the jobs that are due. */
const JOBS_PATIENCE_MS = 3_000
/** Pages of the console and what they ask: whoever opens them has the patience for the jobs that are due. */
const CONSOLE = /^\/(?:console|admin|api\/user|api\/admin)(?:[/?]|$)/
/** How often it is asked whether this night's audit is still to be done. */
const AUDIT_MS = 600_000
const DRAIN_MS = 10_000
const WARM_AFTER_MS = 500
/** Answered before the store is open: that is what they are asked for. */
const PROBES = ['/healthz', '/readyz']

/** Checks the configuration, opens the store, puts the rooms together and starts what runs on a clock. */
export default defineNitroPlugin((nitro) => {
  if (platform.onDemand) return bootOnDemand(nitro)
  const { config, fatal, warnings } = readConfig(process.env)
  const log = createLog(config?.VAPOR_LOG ?? 'info')
  if (config && '__originalFetch' in globalThis) return refuseForeignGround(nitro, config)
  if (!config || fatal.length > 0) return refuseToStart(log, fatal)
  setConfig(config)
  for (const warning of warnings) log.info(`configuration: ${warning}`)

  let booted = false
  const booting = boot(config, log).then((close) => {
    booted = true
    nitro.hooks.hookOnce('close', close)
    setTimeout(() => nitro.localFetch('/login', {}).catch(() => {}), WARM_AFTER_MS).unref()
  })
  booting.catch((error: unknown) => refuseToStart(log, [toAppError(error).message], error))
  // The server listens before the store is open; who comes that early waits.
  nitro.hooks.hook('request', event => booted || PROBES.includes(event.path) ? undefined : booting)
})

/** The bootstrap of EdgeOne Pages has left its mark, and this build was not made for it: bodies and money would suffer. */
function refuseForeignGround({ h3App }: NitroApp, config: Config): void {
  setConfig(config)
  h3App.use(defineEventHandler((event) => {
    setResponseStatus(event, 503)
    return 'This is Vapor for a server of one\'s own, built by the adapter of EdgeOne Pages. Deploy the folder that npm run build:edgeone makes.\n'
  }))
  h3App.stack.unshift(h3App.stack.pop()!)
}

/** Whoever comes starts the process, and hears what is in the way. */
function bootOnDemand(nitro: NitroApp): void {
  startOnDemand(async () => {
    const { config, fatal } = readConfig(process.env)
    if (!config || fatal.length > 0) throw new StartRefused(fatal)
    setConfig(config)
    await boot(config, createLog(config.VAPOR_LOG))
    const thaw = createThaw(useRuntime().versions)
    nitro.hooks.hook('request', async (event) => {
      await thaw()
      if (CONSOLE.test(event.path)) await useRuntime().jobs.runDue(JOBS_PATIENCE_MS)
    })
  })
}

function refuseToStart(log: Log, problems: string[], cause?: unknown): void {
  log.error(`Vapor cannot start:\n${problems.map(problem => `  - ${problem}`).join('\n')}`, toAppError(cause).code === 'internal' ? cause : undefined)
  process.exit(1)
}

/** Answers how to close everything again. */
async function boot(config: Config, log: Log): Promise<() => Promise<void>> {
  const metrics = config.VAPOR_METRICS_TOKEN ? createMetrics() : undefined
  const opened = await openStore(config.VAPOR_STORE, {
    production: config.production,
    warn: sentence => log.info(`store: ${sentence}`),
    kv: { binding: config.VAPOR_KV_BINDING, origin: config.kvOrigin, secrets: config.JWT_SECRET },
  })
  const store = metrics?.watchStore(opened) ?? opened
  setStore(store)
  const onError = (error: unknown) => log.error('something failed where nobody waits', error)
  const instance = createId('ins')
  const eventual = store.consistency === 'eventual'
  // A lease that others see a minute late says nothing.
  const lease = eventual ? undefined : await holdLease(store, instance, onError)
  const versions = watchVersions(store, { onError, ...(platform.onDemand ? { intervalMs: WATCH_ON_DEMAND_MS } : {}) })
  const vaporSecrets = [...config.VAPOR_SECRET, ...(eventual ? deriveVaultSecrets(config.JWT_SECRET) : [])]
  const vault = await openVault({ store, vaporSecrets, jwtSecrets: config.JWT_SECRET, production: config.production })
  const books = createLedger({ store, holdMax: config.holdMax })
  const ledger = metrics?.watchLedger(books) ?? books
  const allowPrivate = config.VAPOR_ALLOW_PRIVATE_UPSTREAMS
  const fetcher = createTextFetcher({ allowPrivate, proxyUrl: config.EPAY_PROXY_URL })
  const ownFetcher = createTextFetcher({ allowPrivate, proxyUrl: '' })
  const services = createServices({ config, store, versions, vault, ledger, instance, fetchText: fetcher.fetchText, fetchOwn: ownFetcher.fetchText, onError })
  const outbox = await openOutbox({ file: join(config.VAPOR_DATA_DIR, 'outbox.jsonl'), settle: order => ledger.settle(order), onError })
  const gateway = createGateway({ config, instance, store, ledger, outbox, keys: services.keys, catalog: services.catalog, onError, settleWaitMs: platform.settleWaitMs })

  const clocked = clockedJobs({ config, store, ledger, services })
  const jobs = createJobs({ onError })
  jobs.add(...clocked)

  setRuntime({
    ...services,
    ...gateway,
    relay: metrics?.watchRelay(gateway.relay) ?? gateway.relay,
    config,
    store,
    versions,
    ledger,
    addressOf: platform.onDemand ? (_, forwarded) => forwarded ?? '' : createClientAddress(config.VAPOR_TRUSTED_PROXIES),
    outboxSize: () => outbox.size,
    log,
    jobs,
    notReady: createReadiness({ checkCanary: vault.checkCanary, outboxSize: () => outbox.size, isDraining }),
    writeMetrics: metrics && (() => metrics.write({ openRequests: gateway.openRequests, outboxSize: () => outbox.size })),
  })

  const leader = createLeader({ store, instance })
  const stops = platform.onDemand ? [] : clocked.map(({ name, everyMs, run }) => leader.every(name, everyMs, run, onError))
  await outbox.flush()
  log.info(`ready on ${config.VAPOR_STORE.split(':')[0]}`)

  return async () => {
    stops.forEach(stop => stop())
    await gateway.drain(DRAIN_MS)
    await services.keys.flushUsed().catch(onError)
    outbox.close()
    versions.close()
    await lease?.close()
    await gateway.close()
    await fetcher.close()
    await ownFetcher.close()
    metrics?.close()
    await store.close()
  }
}

/** Work nobody waits for, in the order of a round: what was left undone comes first, because the sweeper decides by what is there. */
function clockedJobs({ config, store, ledger, services }: { config: Config, store: StoreDriver, ledger: Ledger, services: Services }): (Job & { everyMs: number })[] {
  const requestsTtlMs = config.VAPOR_REQUESTS_DAYS * 86_400_000
  const maintain = maintenanceOf(store)
  return [
    ...(maintain ? [{ name: 'maintain', everyMs: MAINTAIN_MS, run: maintain }] : []),
    { name: 'ask', everyMs: ASK_MS, run: () => services.payments.runAsker() },
    { name: 'sweep', everyMs: SWEEP_MS, run: () => sweepOrphans({ store, ledger, requestsTtlMs }) },
    store.consistency === 'eventual'
      ? { name: 'claims', everyMs: CLAIMS_MS, run: () => services.codes.grantClaims() }
      : { name: 'audit', everyMs: AUDIT_MS, run: () => services.audit.runDue() },
    { name: 'fold', everyMs: FOLD_MS, run: async () => await services.statistics.fold() + await services.payments.foldTotals() },
  ]
}
