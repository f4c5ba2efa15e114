/** Tries what must work before the first payer comes. Each step says what was tried and how it went, never a secret. */
import { createHmac, randomBytes } from 'node:crypto'
import type { Config } from '#server/config'
import { toAppError } from '#server/errors/app-error'
import type { PaymentsSelfTest } from '#shared/schemas/payment'
import type { FetchText } from './answer'
import type { PaymentGateway } from './gateway'

const TIMEOUT_MS = 10_000
const PROBE = /^[0-9a-f]{32}$/

type Step = PaymentsSelfTest['steps'][number]

export interface ProbesOptions {
  config: Pick<Config, 'EPAY_KEY' | 'EPAY_NOTIFY_URL' | 'EPAY_RETURN_URL'>
  gateway: PaymentGateway
  fetchText: FetchText
}

export function createProbes({ config, gateway, fetchText }: ProbesOptions) {
  /** What only a server with our key can answer to a number; tells nothing about the key. */
  function answerProbe(pairs: [string, string][]): string | undefined {
    const [pair] = pairs
    if (pairs.length !== 1 || pair?.[0] !== 'probe' || !PROBE.test(pair[1])) return undefined
    return `probe ${createHmac('sha256', config.EPAY_KEY).update(`vapor notify probe\n${pair[1]}`).digest('hex')}`
  }

  async function selfTest(): Promise<PaymentsSelfTest> {
    const [notify, back, asked] = await Promise.all([tryNotify(), tryReturn(), tryGateway()])
    const secret: Step = { name: 'secret', ok: config.EPAY_KEY.length >= 16, detail: `${config.EPAY_KEY.length} characters` }
    return { steps: [secret, notify, back, ...asked] }
  }

  /** Calls our own address the way the gateway does, from here: what is in front of it must let both through. */
  async function tryNotify(): Promise<Step> {
    const probe = randomBytes(16).toString('hex')
    const step = (ok: boolean, detail: string): Step => ({ name: 'notify_url', ok, detail })
    try {
      const reply = await fetchText({ method: 'GET', url: `${config.EPAY_NOTIFY_URL}?probe=${probe}`, headers: { 'user-agent': 'LinuxDo-Credit/1.0' }, timeoutMs: TIMEOUT_MS })
      const ours = reply.status === 200 && reply.text === answerProbe([['probe', probe]])
      return step(ours, ours ? 'reached this shop' : `answered ${reply.status}, but not by this shop`)
    }
    catch (error) { return step(false, reasonOf(error)) }
  }

  async function tryReturn(): Promise<Step> {
    const step = (ok: boolean, detail: string): Step => ({ name: 'return_url', ok, detail })
    try {
      const { status, headers } = await fetchText({ method: 'GET', url: config.EPAY_RETURN_URL, headers: { accept: 'text/html' }, timeoutMs: TIMEOUT_MS })
      const ours = status === 302 && (headers['location'] ?? '').endsWith('/console/wallet')
      return step(ours, ours ? 'leads to the wallet' : `answered ${status} instead of leading to the wallet`)
    }
    catch (error) { return step(false, reasonOf(error)) }
  }

  /** An order that does not exist: a healthy gateway says so, in JSON, to a merchant it knows. */
  async function tryGateway(): Promise<Step[]> {
    const answer = await gateway.query(randomBytes(16).toString('hex'), TIMEOUT_MS)
    const why = answer.answer === 'unknown' ? answer.why : 'answered'
    const json = answer.answer !== 'unknown' || !/^(?:no_answer|html|no_json)/.test(why)
    const known = answer.answer === 'not_paid'
    return [
      { name: 'gateway_json', ok: json, detail: why },
      { name: 'gateway_credentials', ok: known, detail: known ? 'the gateway knows this merchant' : why },
    ]
  }

  return { answerProbe, selfTest }
}

function reasonOf(error: unknown): string {
  const { code, message } = toAppError(error)
  if (code === 'invalid_request') return message
  return code === 'upstream_unavailable' ? 'no connection' : 'no answer in time'
}
