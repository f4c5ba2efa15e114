/** The recorded answers as an upstream: the model's name is `<case>` with dots for slashes. */
import { startReplay } from '../support/replay'
import type { Case } from './cases'

export const modelOf = (one: Case): string => one.name.replace('/', '.')

export const replayCases = (cases: Case[]) => startReplay(new Map(cases.map(one => [modelOf(one), {
  status: one.sse ? 200 : one.status,
  type: one.sse ? 'text/event-stream' : 'application/json',
  bytes: one.sse ?? one.body,
  // In another place for every case: a character may fall apart there.
  cut: one.sse && (one.name.length * 7919) % one.sse.length,
}])))
