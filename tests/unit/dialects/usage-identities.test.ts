import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dialectOf } from '#server/dialects/index'
import { AppError } from '#server/errors/app-error'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import type { Usage } from '#shared/schemas/price'
import { fixtures } from '../../support/fixtures'
import type { Fixture } from '../../support/fixtures'
import { reportedUsage } from '../../support/reported-usage'
import type { Reported } from '../../support/reported-usage'
import { runs } from '../../support/runs'
import { contextOf, crossStream, helloOf, totalOf } from '../../support/wires'

/** Whatever an upstream counts, the classes a request is charged by share nothing, miss nothing and add nothing. */
const seed = 20_261_122

function requireSame(usage: Usage | undefined, reported: Reported | undefined): void {
  expect(totalOf(usage)).toBe(reported?.total ?? 0)
  expect(usage?.cachedInput ?? 0).toBe(reported?.read ?? 0)
  expect((usage?.cacheWrite5m ?? 0) + (usage?.cacheWrite1h ?? 0)).toBe(reported?.written ?? 0)
  expect(usage?.cacheWrite1h ?? 0).toBe(reported?.hour ?? 0)
  expect(usage?.reasoning ?? 0).toBe(reported?.reasoning ?? 0)
}

/** What the meter of the gateway knows at the end, however that was; undefined for what is no answer. */
function meteredOf({ kind, dialect, bytes }: Fixture): Usage | undefined {
  if (kind === 'stream') return crossStream(dialect, dialect, [bytes]).metered.usage
  try {
    return dialectOf(dialect).readReply(bytes).usage
  }
  catch (error) {
    if (error instanceof AppError) return undefined
    throw error
  }
}

/** Nobody reported how the streams end, so what was sent until then is counted; the whole answer is an error and costs nothing. */
const unfinished = new Set(['anthropic/cut-in-a-call.sse', 'anthropic/second-message-start.sse', 'openai-chat/error-finish.json'])

describe('the classes of a fixture are what its upstream reported', () => {
  it.each(fixtures.filter(one => (one.kind === 'reply' || one.kind === 'stream') && !unfinished.has(one.name)))('$name', (one) => {
    requireSame(meteredOf(one), reportedUsage(one.dialect, one.bytes))
  })
})

/** Parts of a whole: as many as asked for and a rest, often nothing. */
const units = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 5, arbitrary: fc.nat(300_000) }, { weight: 1, arbitrary: fc.nat(2 ** 40) })
const parts = fc.record({ input: fc.nat(1_000_000).map(more => more + 1), read: units, written: units, hour: units, output: units, reasoning: units, tools: units })
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never

/** An answer with these parts, as the vendor would report them. */
const wholes: Record<DialectId, (parts: Parts) => Record<string, unknown>> = {
  'openai-chat': ({ input, read, written, output, reasoning }) => ({
    choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: input + read + written, completion_tokens: output + reasoning, total_tokens: input + read + written + output + reasoning, prompt_tokens_details: { cached_tokens: read, cache_write_tokens: written }, completion_tokens_details: { reasoning_tokens: reasoning } },
  }),
  'openai-responses': ({ input, read, written, output, reasoning }) => ({
    object: 'response', status: 'completed', output: [],
    usage: { input_tokens: input + read + written, output_tokens: output + reasoning, total_tokens: input + read + written + output + reasoning, input_tokens_details: { cached_tokens: read, cache_write_tokens: written }, output_tokens_details: { reasoning_tokens: reasoning } },
  }),
  'anthropic': ({ input, read, written, hour, output, reasoning }) => ({
    type: 'message', role: 'assistant', content: [], stop_reason: 'end_turn',
    usage: { input_tokens: input, cache_read_input_tokens: read, cache_creation_input_tokens: written + hour, cache_creation: { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: hour }, output_tokens: output + reasoning, output_tokens_details: { thinking_tokens: reasoning } },
  }),
  'gemini': ({ input, read, output, reasoning, tools }) => ({
    candidates: [{ content: { role: 'model', parts: [{ text: 'x' }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: input + read, cachedContentTokenCount: read, candidatesTokenCount: output, thoughtsTokenCount: reasoning, toolUsePromptTokenCount: tools, totalTokenCount: input + read + output + reasoning + tools },
  }),
}

describe.each(dialectIds)('usage of %s', (upstream) => {
  const bytesOf = (some: Parts): Buffer => Buffer.from(JSON.stringify(wholes[upstream](some)))

  it('is split into classes that add up to it', () => {
    fc.assert(fc.property(parts, (some) => {
      const { usage, clamped } = dialectOf(upstream).readReply(bytesOf(some))
      expect(clamped).toBe(false)
      requireSame(usage, reportedUsage(upstream, bytesOf(some)))
      expect(usage?.input).toBe(some.input + (upstream === 'gemini' ? some.tools : 0))
      expect(usage?.output ?? 0).toBe(some.output)
      for (const value of Object.values(usage ?? {})) expect(value).toBeGreaterThanOrEqual(0)
    }), { numRuns: runs, seed })
  })

  it.each(dialectIds)('is told to a client of %s without losing or adding any', (client) => {
    fc.assert(fc.property(parts, (some) => {
      const reply = dialectOf(upstream).readNeutralReply(bytesOf(some))
      const told = Buffer.from(dialectOf(client).writeNeutralReply(reply, contextOf(dialectOf(client).readNeutralRequest(helloOf(client, false)))))
      const heard = reportedUsage(client, told)
      expect(heard).toMatchObject({ total: totalOf(reply.usage), read: some.read, reasoning: some.reasoning })
      // Gemini has no word for what was written to a cache, OpenAI none for how long.
      const written = (reply.usage?.cacheWrite5m ?? 0) + (reply.usage?.cacheWrite1h ?? 0)
      expect(heard?.written).toBe(client === 'gemini' ? 0 : written)
      expect(heard?.hour).toBe(client === 'anthropic' ? reply.usage?.cacheWrite1h ?? 0 : 0)
    }), { numRuns: Math.ceil(runs / 4), seed })
  })

  it('never grows by parts that are larger than their whole, and says that they were cut', () => {
    fc.assert(fc.property(parts, fc.nat(1_000_000).map(more => more + 1), (some, more) => {
      if (upstream === 'anthropic') return
      const whole = JSON.parse(bytesOf(some).toString('utf8').replace(/("(?:cached_tokens|cachedContentTokenCount)":)\d+/, `$1${some.input + some.read + some.written + more}`)) as Record<string, unknown>
      const { usage, clamped } = dialectOf(upstream).readReply(Buffer.from(JSON.stringify(whole)))
      expect(clamped).toBe(true)
      expect(totalOf(usage)).toBe(reportedUsage(upstream, bytesOf(some))?.total)
    }), { numRuns: Math.ceil(runs / 4), seed })
  })
})
