import { describe, expect, it } from 'vitest'
import { dialectOf } from '#server/dialects/index'
import { AppError } from '#server/errors/app-error'
import { dialectIds } from '#shared/schemas/channel'
import { contextOf, crossStream, helloOf, inPieces, tell, tellReply, totalOf, withoutIds } from '../support/wires'
import type { Told } from '../support/wires'
import { conversations, failures, isText, missing } from './cases'
import type { Case } from './cases'
import { broken, exceptions, finishOf, parsed, toolsOf } from './expected'

/** Recorded answers read and written for every client, without a network. */
const neutralFinishes: Record<string, string> = { 'stop': 'stop', 'stop-sequence': 'stop', 'length': 'length', 'tool-calls': 'tools', 'filtered': 'filtered', 'refusal': 'filtered' }
const good = conversations.filter(one => !(one.name in broken))

function requireTold(one: Case, told: Told): void {
  const { derived, usage_normalised: counted } = one.meta
  const skip = new Set(exceptions[one.name]?.fields)
  if (!skip.has('text')) expect(isText(told.text, derived?.text, derived?.text_sha256), told.text).toBe(true)
  if (!skip.has('reasoning')) expect(isText(told.reasoning, derived?.reasoning, derived?.reasoning_sha256), told.reasoning).toBe(true)
  expect(told.refusal).toBe(derived?.refusal ?? '')
  if (!skip.has('tools')) expect(told.tools.map(call => ({ name: call.name, args: parsed(call.args) }))).toEqual(toolsOf(one))
  if (!skip.has('finish') && !derived?.refusal) expect(neutralFinishes[told.finish ?? '']).toBe(finishOf(one))
  if (skip.has('usage')) return
  expect(told.usage === undefined ? null : totalOf(told.usage)).toBe(counted ? counted.input_total + counted.output_total : null)
  expect(told.usage?.cachedInput ?? 0).toBe(counted?.cache_read ?? 0)
  expect(told.usage?.reasoning ?? 0).toBe(counted?.reasoning ?? 0)
}

/** Seeded, so that a red run can be run again. */
function* cutsOf(length: number, times: number): Generator<number[]> {
  let seed = 20_261_122
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
  for (let time = 0; time < times; time++) yield Array.from({ length: 1 + next(9) }, () => next(length))
}

describe.skipIf(missing)('recorded answers (VAPOR_CORPUS)', () => {
  it.each(good.filter(one => !one.stream))('$name, whole', (one) => {
    const dialect = dialectOf(one.dialect)
    const reply = dialect.readNeutralReply(one.body)
    requireTold(one, tellReply(reply))
    expect(dialect.readReply(one.body).usage).toEqual(reply.usage)
    for (const id of dialectIds) {
      const client = dialectOf(id)
      const request = helloOf(id, false)
      const bytes = client.writeNeutralReply(reply, contextOf(client.readNeutralRequest(request)))
      const again = tellReply(client.readNeutralReply(bytes))
      const told = tellReply(reply)
      expect(again.text + again.refusal).toBe(told.text + told.refusal)
      expect(again.tools.map(call => [call.name, parsed(call.args)])).toEqual(told.tools.map(call => [call.name, parsed(call.args)]))
      expect(totalOf(again.usage)).toBe(totalOf(told.usage))
    }
  })

  it.each(good.filter(one => one.stream))('$name, streamed and cut anywhere', (one) => {
    for (const id of dialectIds) {
      const whole = crossStream(one.dialect, id, [one.sse!])
      if (whole.error) throw whole.error
      requireTold(one, tell(whole.events))
      if (whole.metered.usage) expect(totalOf(whole.metered.usage)).toBe(totalOf(tell(whole.events).usage))
      const expected = withoutIds(whole.bytes)
      if (id === dialectIds[0] || one.sse!.length < 20_000) expect(withoutIds(crossStream(one.dialect, id, inPieces(one.sse!, 'every')).bytes)).toBe(expected)
      for (const cuts of cutsOf(one.sse!.length, 32)) expect(withoutIds(crossStream(one.dialect, id, inPieces(one.sse!, cuts)).bytes)).toBe(expected)
    }
  })

  it.each(conversations.filter(one => one.name in broken))('$name is an error', (one) => {
    if (!one.stream) return void expect(() => dialectOf(one.dialect).readNeutralReply(one.body)).toThrow(AppError)
    for (const id of dialectIds) expect(crossStream(one.dialect, id, [one.sse!]).error).toBeInstanceOf(AppError)
  })

  it.each(failures)('$name says whose fault it is', (one) => {
    const { blame, message } = dialectOf(one.dialect).readUpstreamFailure(one.status, one.body)
    expect(message).toBeTruthy()
    const known: Record<number, string[]> = { 400: ['client'], 401: ['credential'], 404: ['endpoint', 'upstream'], 429: ['busy', 'credential'], 500: ['upstream', 'client'] }
    expect(known[one.status]).toContain(blame)
  })
})
