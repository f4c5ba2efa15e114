import { readFileSync, readdirSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dialectOf } from '#server/dialects/index'
import { AppError } from '#server/errors/app-error'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import type { Usage } from '#shared/schemas/price'
import { byteChanges, changeBytes, changeFrames, changeJson, changes, frameChanges } from '../../support/mutations'
import { runs } from '../../support/runs'
import { contextOf, crossStream, helloOf, inPieces, tell } from '../../support/wires'

/** Fixtures of every upstream made wrong: for every client either an AppError or an answer its own dialect can read. */
const folder = (id: DialectId) => new URL(`../../fixtures/${id}/`, import.meta.url)
const fixturesOf = (id: DialectId, ending: string) => readdirSync(folder(id)).filter(name => name.endsWith(ending) && !name.includes('request')).map(name => readFileSync(new URL(name, folder(id))))
const clientId = fc.constantFrom(...dialectIds)
const seed = 20_261_122

function requireUsage(usage: Usage | undefined): void {
  for (const units of Object.values(usage ?? {})) expect(Number.isSafeInteger(units) && units >= 0).toBe(true)
}

function requireCrossing(upstream: DialectId, client: DialectId, bytes: Buffer): void {
  const { events, bytes: out, metered, error } = crossStream(upstream, client, inPieces(bytes, [bytes.length >> 1]))
  requireUsage(metered.usage)
  metered.text()
  expect(out.length).toBeLessThan(200_000 + bytes.length * 40)
  if (error) return
  requireUsage(tell(events).usage)
  if (upstream === client) return
  const again = crossStream(client, client, [out])
  expect(again.error, out.toString('utf8').slice(0, 4000)).toBeUndefined()
  tell(again.events)
}

describe.each(dialectIds)('%s as an upstream', (upstream) => {
  const streams = fixturesOf(upstream, '.sse')
  const replies = fixturesOf(upstream, '.json')

  it('streams with frames lost, doubled, moved or changed', () => {
    fc.assert(fc.property(fc.constantFrom(...streams), frameChanges, clientId, (fixture, list, client) => {
      requireCrossing(upstream, client, changeFrames(fixture, list))
    }), { numRuns: runs, seed })
  })

  it('streams with bytes lost, doubled or changed', () => {
    fc.assert(fc.property(fc.constantFrom(...streams), byteChanges, clientId, (fixture, list, client) => {
      requireCrossing(upstream, client, changeBytes(fixture, list))
    }), { numRuns: runs, seed })
  })

  it.runIf(replies.length > 0)('whole answers', () => {
    fc.assert(fc.property(fc.constantFrom(...replies), changes, byteChanges, fc.boolean(), clientId, (fixture, list, bytes, isBytes, client) => {
      const body = isBytes ? changeBytes(fixture, bytes) : Buffer.from(changeJson(fixture.toString('utf8'), list))
      dialectOf(upstream).readUpstreamFailure(400, body)
      try {
        const metered = dialectOf(upstream).readReply(body)
        requireUsage(metered.usage)
        metered.text()
        const reply = dialectOf(upstream).readNeutralReply(body)
        const request = helloOf(client, false)
        const out = dialectOf(client).writeNeutralReply(reply, contextOf(dialectOf(client).readNeutralRequest(request)))
        requireUsage(dialectOf(client).readNeutralReply(out).usage)
      }
      catch (error) { if (!(error instanceof AppError)) throw error }
    }), { numRuns: runs, seed })
  })

  it('nothing was written to a prototype', () => expect(({} as Record<string, unknown>)['polluted']).toBeUndefined())
})
