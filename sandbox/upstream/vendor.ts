import { createHmac } from 'node:crypto'
import type { RecordedRequest } from './requests.ts'
import type { FoundScenario, Situation } from './scenarios.ts'
import type { Step } from './steps.ts'

/** What the upstreams remember between requests. */
export interface VendorContext {
  /** The sandbox's origin, without a trailing slash. */
  origin: string
  apiKeys: string[]
  now: () => number
  /** How often each model of the `sandbox-flaky-<n>` kind was asked, for each vendor. */
  attempts: Map<string, number>
  /** How many answers were given, for their ids. */
  answers: number
}

export type Refuse = Situation['refuse']

/** One request to a model the sandbox has. */
export interface Asked {
  vendor: string
  model: string
  apiKey: string
  record: RecordedRequest
  refuse: Refuse
}

/** Plays what a scenario does instead of a reply, or the reply itself. */
export function playScenario(context: VendorContext, asked: Asked, found: FoundScenario, reply: () => Iterable<Step>): Iterable<Step> {
  const { scenario, parameters } = found
  if (scenario.failsFirst) {
    const key = `${asked.vendor} ${asked.model}`
    const attempt = (context.attempts.get(key) ?? 0) + 1
    context.attempts.set(key, attempt)
    if (attempt <= (parameters[0] ?? 0)) return asked.refuse(500, 'The sandbox has not warmed up yet.')
  }
  if (!scenario.instead) return reply()
  return scenario.instead({
    origin: context.origin,
    address: context.origin + asked.record.path,
    apiKey: asked.apiKey,
    refuse: asked.refuse,
  })
}

export function readJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  }
  catch {
    return undefined
  }
}

/** Undoes percent-encoding; text that is not encoded well stays as it is. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  }
  catch {
    return text
  }
}

/**
 * A signature only this sandbox makes, over whatever must not change. It holds across restarts, as a vendor's does, so
 * a conversation that was begun with one sandbox goes on with the next.
 */
export function sign(purpose: string, content: string): string {
  return `sandbox${createHmac('sha256', 'vapor-sandbox').update(`${purpose}\n${content}`).digest('base64')}`
}
