/** Whether this instance should get requests, in words that are no secret: everybody may ask. */
export type NotReady = 'starting' | 'draining' | 'store' | 'secrets' | 'outbox'

/** A store that answers later than this is of no use to a client. */
const PATIENCE_MS = 2_000
/** An answer is good for this long, so that asking often costs the store nothing. */
const FRESH_MS = 500

export interface ReadinessOptions {
  /** Reads the canary of the secrets from the store; false when they do not open it. Rejects when the store does not answer. */
  checkCanary(): Promise<boolean>
  outboxSize(): number
  isDraining(): boolean
  now?: () => number
}

export type Readiness = ReturnType<typeof createReadiness>

/** Answers what is wrong; nothing when the instance is ready. */
export function createReadiness({ checkCanary, outboxSize, isDraining, now = Date.now }: ReadinessOptions) {
  let known: { at: number, answer: Promise<NotReady | undefined> } | undefined

  async function askStore(): Promise<NotReady | undefined> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'store'>((resolve) => { timer = setTimeout(resolve, PATIENCE_MS, 'store') })
    const asked = checkCanary().then(opens => opens ? undefined : 'secrets' as const, () => 'store' as const)
    return Promise.race([asked, late]).finally(() => clearTimeout(timer))
  }

  return async function problems(): Promise<NotReady[]> {
    if (!known || now() - known.at >= FRESH_MS) known = { at: now(), answer: askStore() }
    const stored = await known.answer
    return [
      ...(isDraining() ? ['draining' as const] : []),
      ...(stored ? [stored] : []),
      ...(outboxSize() > 0 ? ['outbox' as const] : []),
    ]
  }
}
