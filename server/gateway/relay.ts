/**
 * One request's life, top to bottom. Everything the gateway decides is decided here; what each step does stands in the
 * file it is imported from. Knows no platform: `define-relay.ts` turns the reply into bytes on a socket.
 */
import { isFree } from '#server/billing/price'
import type { Ledger, ReserveRefusal } from '#server/billing/ledger'
import type { Periods } from '#server/billing/periods'
import type { PriceSnapshot } from '#server/billing/records'
import type { Catalog, LiveRoute, ModelOnSale } from '#server/catalog/catalog'
import type { Config } from '#server/config/index'
import type { CallTarget, ClientRequest, Dialect, Endpoint } from '#server/dialects/dialect'
import { AppError, toAppError } from '#server/errors/app-error'
import { keys } from '#server/storage/keys'
import type { Caller } from '#server/users/caller-cache'
import type { DialectId } from '#shared/schemas/channel'
import { formatNano } from '#shared/utils/money'
import { tryCandidates } from './attempts'
import type { AttemptOptions } from './attempts'
import { createBudget } from './budget'
import type { Callers } from './caller'
import { orderCandidates } from './channels'
import { limitError, limitsOf, rateHeaders } from './limits'
import { abortReason } from './open-request'
import type { OpenRequest } from './open-request'
import type { WholeReply } from './passage'
import type { Quotes } from './quote'
import { recognise } from './recognise'
import type { Call, Reply } from './reply'
import type { Ending, Settled, Settlement } from './settlement'
import { keepAlive, passStream } from './stream-answer'
import { passWhole } from './whole-answer'

export interface RelayOptions extends AttemptOptions {
  config: Pick<Config, 'VAPOR_DEADLINE' | 'holdsMax'>
  /** Requests a user without a limit of its own may have running, as it is set now. */
  concurrency: () => number
  instance: string
  callers: Callers
  catalog: Catalog
  ledger: Ledger
  quotes: Quotes
  /** The shop's calendar, for limits of days, weeks and months. */
  periods: Periods
  settlement: Settlement
  /** Settlements that wait for the store. */
  outboxSize: () => number
  /** Every request between its hold and its settlement, for whoever has to end them. */
  running: Set<OpenRequest>
  onError: (error: unknown) => void
  /** A stream without a frame for this long is opened and kept alive. */
  openAfterMs?: number
  keepAliveMs?: number
  /** The longest the end of a stream waits for its booking, which goes on behind it; without it as long as that takes. */
  settleWaitMs?: number
}

const OPEN_AFTER_MS = 10_000
const KEEP_ALIVE_MS = 15_000
const IDEMPOTENCY_MS = 24 * 3600 * 1000

/** `path` is the dialect the path speaks, or the endpoint it is; undefined where it says nothing. */
export type Relay = (path: DialectId | Endpoint | undefined, call: Call) => Promise<Reply>

export function createRelay(options: RelayOptions): Relay {
  const { callers, catalog, ledger, periods, quotes, settlement } = options

  return async function relay(path, call) {
    const caller = await callers.require(call)
    const available = await requireFunds(caller)
    const body = await call.readBody()
    const { dialect, target } = typeof path === 'object' ? { dialect: path, target: call.target } : recognise(path, call.target, body)
    call.dialect = dialect
    const request = dialect.readRequest(body, target)
    const model = await requireModel(caller, request)
    const picture = request.units?.picture
    const price: PriceSnapshot = { prices: model.prices, discount: caller.user.discount, ...(picture ? { picture } : {}) }
    requirePriced(price, dialect, target, request)
    const routes = await requireRoutes(dialect, target, model)
    const open = await reserve(dialect, call, caller, model, price, request, available)
    return request.stream ? streamed(open, routes) : whole(open, routes)
  }

  /** Nothing starts without money, unless something is free; and nothing while earlier charges wait for the store. Answers what is available. */
  async function requireFunds(caller: Caller): Promise<number> {
    if (options.outboxSize() > 0) throw new AppError('settling', {}, { retryAfterSeconds: 2 })
    const { available } = await ledger.balance(caller.user.id)
    if (available > 0 || caller.user.discount === 10_000) return available
    const free = (await catalog.listOnSale()).some(model => isFree({ prices: model.prices, discount: 0 }))
    if (!free || available < 0) throw new AppError('insufficient_credit', { available: formatNano(available), needed: formatNano(1) })
    return available
  }

  async function requireModel(caller: Caller, request: ClientRequest): Promise<ModelOnSale> {
    const model = await catalog.findOnSale(request.model)
    if (!model) throw new AppError('model_not_found', { model: request.model })
    const allowed = caller.key.models
    if (allowed.length > 0 && !allowed.includes(model.name)) throw new AppError('model_not_allowed', { model: request.model })
    return model
  }

  /** The channels of a model. An endpoint is served by those of its dialect; where there are none, by those it is known how to ask elsewhere. */
  async function requireRoutes(dialect: Dialect | Endpoint, { path }: CallTarget, model: ModelOnSale): Promise<LiveRoute[]> {
    const routes = await catalog.routesOf(model)
    if (!dialect.passOnly) return routes
    const own = routes.filter(({ channel }) => channel.dialect === dialect.id)
    // Vectors of two vendors cannot be compared, so one failing is no reason to ask the other.
    const fitting = own.length > 0 ? own : routes.filter(({ channel }) => dialect.elsewhere?.[channel.dialect])
    if (routes.length > 0 && fitting.length === 0) throw new AppError('unsupported_endpoint', { model: model.name, path })
    return fitting
  }

  async function reserve(dialect: Dialect | Endpoint, call: Call, caller: Caller, model: ModelOnSale, price: PriceSnapshot, request: ClientRequest, available: number): Promise<OpenRequest> {
    const quote = quotes.quote(model.id, price, request)
    const limits = limitsOf(caller.key)
    const tokens = quote.inputTokens + quote.outputTokens
    const startedAt = Date.now()
    const sent = call.headers['idempotency-key']
    const result = await ledger.reserve({
      hold: {
        request: call.requestId,
        user: caller.user.id,
        key: { id: caller.key.id, name: caller.key.name },
        model: { id: model.id, name: model.name },
        price,
        instance: options.instance,
        dialect: dialect.id,
        stream: request.stream,
        usage: null,
        idempotency: sent ? keys.idempotency(`v1 ${caller.key.id}`, sent) : null,
        startedAt,
        counted: periods.of(startedAt),
      },
      wanted: quote.wanted,
      least: quote.least,
      concurrency: concurrencyOf(caller),
      spendLimit: caller.key.spendLimit,
      limits: { ...limits, tokens },
      idempotencyTtlMs: IDEMPOTENCY_MS,
      seen: available,
    })
    if (!result.ok) throw await refusal(result, caller, { least: quote.least, tokens, at: startedAt })
    callers.used(caller)
    return openRequest({ call, dialect, request, quote, hold: result.hold, spendLimit: caller.key.spendLimit, limits, rateHeaders: rateHeaders(dialect.id, limits, result.rate, startedAt) })
  }

  function concurrencyOf(caller: Caller): number {
    return Math.min(caller.user.limits?.concurrency ?? options.concurrency(), options.config.holdsMax)
  }

  async function refusal(result: ReserveRefusal, caller: Caller, request: { least: number, tokens: number, at: number }): Promise<AppError> {
    switch (result.reason) {
      case 'credit': return new AppError('insufficient_credit', { available: formatNano(result.left), needed: formatNano(request.least) })
      case 'spend_limit': return new AppError('spend_limit_reached', { limit: formatNano(caller.key.spendLimit ?? 0), left: formatNano(result.left), needed: formatNano(request.least) })
      case 'concurrency': return new AppError('too_many_open', { limit: concurrencyOf(caller) }, { retryAfterSeconds: 1 })
      case 'repeated': return await ledger.isOpen(result.request)
        ? new AppError('already_running', {}, { retryAfterSeconds: 2 })
        : new AppError('already_completed', { request: result.request })
      default: return limitError(result, request, periods)
    }
  }

  async function whole(open: OpenRequest, routes: LiveRoute[]): Promise<Reply> {
    const ended = endWatch(open)
    try {
      const candidates = orderCandidates(routes, options.health)
      let answer: Pick<WholeReply, 'write' | 'contentType'> = { write: () => new Uint8Array(0), contentType: 'application/json' }
      for await (const served of tryCandidates(open, candidates, options, (reply, passage) => passWhole(open, reply, passage))) answer = served
      const { cost, usage } = await settlement.settle(open, { reason: 'completed', status: 200, error: undefined })
      return { status: 200, headers: { ...replyHeaders(open), 'content-type': answer.contentType, 'x-vapor-cost': formatNano(cost) }, body: answer.write(usage) }
    }
    catch (thrown) {
      const ending = endingOf(open, thrown)
      await settlement.settle(open, ending)
      throw ending.error ?? thrown
    }
    finally { ended() }
  }

  /** Waits a while for the first content, so that what fails before it still gets its own status. */
  async function streamed(open: OpenRequest, routes: LiveRoute[]): Promise<Reply> {
    const frames = answerStream(open, routes)
    const first = frames.next()
    let timer: NodeJS.Timeout | undefined
    const silent = new Promise<void>((resolve) => { timer = setTimeout(resolve, options.openAfterMs ?? OPEN_AFTER_MS) })
    try {
      await Promise.race([first, silent])
    }
    finally { clearTimeout(timer) }
    open.opened = true
    const { dialect, request } = open
    const headers = { ...replyHeaders(open), 'content-type': dialect.streamType(request), 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }
    const body = keepAlive(frames, first, {
      bytes: dialect.keepAlive(request),
      everyMs: options.keepAliveMs ?? KEEP_ALIVE_MS,
      onError: error => dialect.writeErrorFrame(error, open.call.requestId, request),
    })
    return { status: 200, headers, body }
  }

  /** The frames of an answer, settled before its last one. Throws while no header has left, tells in the stream after. */
  async function* answerStream(open: OpenRequest, routes: LiveRoute[]): AsyncGenerator<Uint8Array> {
    const ended = endWatch(open)
    let settled: Promise<Settled> | undefined
    const settle = (ending: Ending) => (settled ??= settlement.settle(open, ending))
    try {
      const budget = createBudget(open, ledger, options.onError)
      const candidates = orderCandidates(routes, options.health)
      yield* tryCandidates(open, candidates, options, (reply, passage) => passStream(open, reply, passage, budget))
      const booked = settle({ reason: open.outOfCredit ? 'out_of_credit' : 'completed', status: 200, error: open.outOfCredit ? new AppError('out_of_credit_midway') : undefined })
      const settled = await (options.settleWaitMs === undefined ? booked : within(booked, options.settleWaitMs))
      yield open.terminator?.(settled?.usage ?? open.metered?.().usage ?? {}) ?? open.dialect.terminator(open.request)
    }
    catch (thrown) {
      const ending = endingOf(open, thrown)
      await settle(ending)
      if (ending.reason !== 'client_left') throw ending.error ?? thrown
    }
    finally {
      // Reached without an ending only when the reader stopped reading: the client has left.
      open.abort.abort('client_left')
      await settle({ reason: 'client_left', status: 499, error: undefined })
      ended()
    }
  }

  /** Aborts the upstream when the client leaves or the answer takes too long. Answers how to stop watching. */
  function endWatch(open: OpenRequest): () => void {
    const leave = () => open.abort.abort('client_left')
    options.running.add(open)
    if (open.call.signal.aborted) leave()
    open.call.signal.addEventListener('abort', leave, { once: true })
    const timer = setTimeout(() => open.abort.abort('deadline'), options.config.VAPOR_DEADLINE * 1000 - (Date.now() - open.hold.startedAt))
    return () => {
      options.running.delete(open)
      clearTimeout(timer)
      open.call.signal.removeEventListener('abort', leave)
    }
  }

  /** Who ended a request that did not come to its own end. */
  function endingOf(open: OpenRequest, thrown: unknown): Ending {
    const aborted = abortReason(open)
    if (aborted === 'client_left') return { reason: 'client_left', status: 499, error: undefined }
    const error = aborted === 'deadline'
      ? new AppError('deadline', { seconds: options.config.VAPOR_DEADLINE })
      : aborted === 'stopping' ? new AppError('restarting') : toAppError(thrown)
    const status = open.opened || open.committed ? 200 : error.status
    if (aborted === 'deadline') return { reason: 'deadline', status, error }
    if (aborted === 'stopping') return { reason: 'interrupted', status, error }
    if (error.code === 'upstream_rejected') return { reason: 'refused', status, error }
    if (!open.committed) return { reason: 'upstream_failed', status, error }
    return { reason: error.code === 'upstream_stalled' ? 'stalled' : 'upstream_cut', status, error }
  }
}

function requirePriced(price: PriceSnapshot, dialect: Dialect | Endpoint, { path }: CallTarget, request: ClientRequest): void {
  const unpriced = request.needs.find(usageClass => price.prices[usageClass] === undefined)
  if (unpriced && dialect.passOnly) throw new AppError('unsupported_endpoint', { model: request.model, path })
  if (unpriced) throw new AppError('unsupported_field', { field: 'modalities', why: 'this model has no price for it' })
}

function openRequest(parts: Pick<OpenRequest, 'call' | 'dialect' | 'request' | 'quote' | 'hold' | 'spendLimit' | 'limits' | 'rateHeaders'>): OpenRequest {
  return { ...parts, upstreamModel: parts.request.model, attempts: [], accepted: false, committed: false, opened: false, cut: false, outOfCredit: false, firstByteAt: null, neutral: undefined, converted: undefined, terminator: undefined, metered: undefined, abort: new AbortController() }
}

/** Resolves with the work or, when that takes longer, with nothing after a time; rejects as the work does until then. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), ms) })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function replyHeaders(open: OpenRequest): Record<string, string> {
  return { ...open.rateHeaders, ...(open.converted ? { 'x-vapor-converted': open.converted } : {}) }
}
