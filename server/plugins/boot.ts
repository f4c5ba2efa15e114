import { join } from 'node:path'
import { defineNitroPlugin } from 'nitropack/runtime'
import { createLedger } from '#server/billing/ledger'
import { holdLease } from '#server/billing/lease'
import { openOutbox } from '#server/billing/outbox'
import { sweepOrphans } from '#server/billing/sweeper'
import { readConfig, setConfig } from '#server/config/index'
import type { Config } from '#server/config/index'
import { createLog } from '#server/config/log'
import type { Log } from '#server/config/log'
import { toAppError } from '#server/errors/app-error'
import { createClientAddress } from '#server/gateway/client-address'
import { createTextFetcher } from '#server/gateway/fetch-text'
import { createGateway } from '#server/gateway/index'
import { setRuntime } from '#server/runtime'
import { openVault } from '#server/secrets/vault'
import { createServices } from '#server/services'
import { createId } from '#server/storage/ids'
import { openStore, setStore } from '#server/storage/index'
import { watchVersions } from '#server/storage/versions'
import { isPlaygroundSecret } from '#server/users/playground-keys'

const SWEEP_MS = 15_000
const FOLD_MS = 60_000
const ASK_MS = 5000
const DRAIN_MS = 10_000
const WARM_AFTER_MS = 500

/** Checks the configuration, opens the store, puts the rooms together and starts what runs on a clock. */
export default defineNitroPlugin((nitro) => {
  const { config, fatal, warnings } = readConfig(process.env)
  const log = createLog(config?.VAPOR_LOG ?? 'info')
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
  nitro.hooks.hook('request', () => booted ? undefined : booting)
})

function refuseToStart(log: Log, problems: string[], cause?: unknown): void {
  log.error(`Vapor cannot start:\n${problems.map(problem => `  - ${problem}`).join('\n')}`, toAppError(cause).code === 'internal' ? cause : undefined)
  process.exit(1)
}

/** Answers how to close everything again. */
async function boot(config: Config, log: Log): Promise<() => Promise<void>> {
  const store = await openStore(config.VAPOR_STORE, { production: config.production })
  setStore(store)
  const onError = (error: unknown) => log.error('something failed where nobody waits', error)
  const instance = createId('ins')
  const lease = await holdLease(store, instance, onError)
  const versions = watchVersions(store, { onError })
  const vault = await openVault({ store, vaporSecrets: config.VAPOR_SECRET, jwtSecrets: config.JWT_SECRET, production: config.production })
  const ledger = createLedger({ store })
  const allowPrivate = config.VAPOR_ALLOW_PRIVATE_UPSTREAMS
  const fetcher = createTextFetcher({ allowPrivate, proxyUrl: config.EPAY_PROXY_URL })
  const ownFetcher = createTextFetcher({ allowPrivate, proxyUrl: '' })
  const services = createServices({ config, store, versions, vault, ledger, instance, fetchText: fetcher.fetchText, fetchOwn: ownFetcher.fetchText, onError })
  await services.shopSettings.start()
  const outbox = await openOutbox({ file: join(config.VAPOR_DATA_DIR, 'outbox.jsonl'), settle: order => ledger.settle(order), onError })
  const findCaller = (secret: string) => (isPlaygroundSecret(secret) ? services.playgroundKeys : services.keys).findCaller(secret)
  const gateway = createGateway({ config, instance, store, ledger, outbox, keys: { ...services.keys, findCaller }, catalog: services.catalog, concurrency: services.shopSettings.concurrency, onError })

  const requestsTtlMs = config.VAPOR_REQUESTS_DAYS * 86_400_000
  const chores = {
    ask: () => services.payments.runAsker(),
    sweep: () => sweepOrphans({ store, ledger, requestsTtlMs }),
    fold: async () => await services.statistics.fold() + await services.payments.foldTotals(),
  }

  setRuntime({
    ...services,
    ...gateway,
    config,
    store,
    versions,
    ledger,
    addressOf: createClientAddress(config.VAPOR_TRUSTED_PROXIES),
    runChores: async () => ({ asked: await chores.ask(), swept: await chores.sweep(), folded: await chores.fold() }),
    outboxSize: () => outbox.size,
    log,
  })

  const timers = [
    setInterval(() => chores.sweep().catch(onError), SWEEP_MS),
    setInterval(() => chores.fold().catch(onError), FOLD_MS),
    setInterval(() => chores.ask().catch(onError), ASK_MS),
  ]
  timers.forEach(timer => timer.unref())
  await outbox.flush()
  log.info(`ready on ${config.VAPOR_STORE.split(':')[0]}`)

  return async () => {
    timers.forEach(clearInterval)
    await gateway.drain(DRAIN_MS)
    await services.keys.flushUsed().catch(onError)
    outbox.close()
    versions.close()
    lease.close()
    await gateway.close()
    await fetcher.close()
    await ownFetcher.close()
    await store.close()
  }
}
