import { countsOf, countsSoFar } from '../counts.ts'
import type { Reply } from '../reply.ts'
import type { Wire } from '../scenarios.ts'
import type { Frame, Script } from '../script.ts'
import type { Identity } from './chunks.ts'
import { chunk, contentDeltas, roleDelta, usageChunk } from './chunks.ts'
import { errorBody } from './errors.ts'
import { reportedUsage, usageOfCounts } from './usage.ts'

export const midwayError = errorBody('The sandbox broke down while it was answering.', 'server_error', 'sandbox_breakdown')

/** The chunks of a streamed chat completion. */
export function chatScript(identity: Identity, reply: Reply, wire: Wire, includeUsage: boolean): Script {
  const meter = createMeter(reply, wire, includeUsage)
  const frame = (value: Record<string, unknown>): Frame => ({ data: JSON.stringify(value) })
  const indexes = Array.from({ length: reply.choices }, (_, index) => index)
  const deltas = contentDeltas(reply)
  return {
    opening: () => indexes.map(index => frame(meter.during(chunk(identity, { index, delta: roleDelta(reply), finish: null })))),
    pieces: deltas.length,
    * content() {
      for (const delta of deltas) yield indexes.map(index => frame(meter.during(chunk(identity, { index, delta, finish: null }), 1)))
    },
    * closing() {
      for (const index of indexes) {
        const finish = chunk(identity, { index, delta: {}, finish: reply.finishReason })
        yield frame(index === reply.choices - 1 ? meter.atFinish(finish) : meter.during(finish))
      }
      if (meter.wantsUsageChunk) yield frame(meter.atEnd(usageChunk(identity)))
      if (wire.done !== false) yield { data: '[DONE]' }
    },
    failure: () => [{ data: JSON.stringify(midwayError) }],
    broken: { data: '{"choices":[{"index":0,"delta":{"content":"half a fr' },
  }
}

/** Puts usage where the scenario wants it: nowhere, in a chunk of its own, in the finish, or in every chunk. */
function createMeter(reply: Reply, wire: Wire, includeUsage: boolean) {
  const reported = reportedUsage(reply, wire)
  const wantsUsageChunk = includeUsage && wire.usageIn === undefined && reported !== undefined
  let sent = 0

  /** A chunk on the way carries null where a later one will have the numbers. */
  function during(value: Record<string, unknown>, tokens = 0): Record<string, unknown> {
    sent = Math.min(sent + tokens, reply.completionTokens)
    if (wire.usageIn === 'every-chunk') return { ...value, usage: usageOfCounts(countsSoFar(countsOf(reply), sent)) }
    return wantsUsageChunk ? { ...value, usage: null } : value
  }

  return {
    wantsUsageChunk,
    during,
    atFinish: (value: Record<string, unknown>) => wire.usageIn === undefined ? during(value) : { ...value, usage: reported },
    atEnd: (value: Record<string, unknown>) => ({ ...value, usage: reported }),
  }
}
