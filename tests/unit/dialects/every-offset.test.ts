import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import { crossStream, inPieces, withoutIds } from '../../support/wires'

/** Every fixture cut at every byte, for every client: the same as whole. */
const folder = (id: string) => new URL(`../../fixtures/${id}/`, import.meta.url)
const fixtures = dialectIds.flatMap(upstream => readdirSync(folder(upstream)).filter(name => name.endsWith('.sse')).map(name => ({ upstream, name, bytes: readFileSync(new URL(name, folder(upstream))) })))

describe('a cut anywhere changes nothing', () => {
  it.each(fixtures)('$upstream/$name', ({ upstream, bytes }) => {
    for (const client of dialectIds) {
      const told = (cuts: number[]) => {
        const { bytes: out, error, metered } = crossStream(upstream, client, inPieces(bytes, cuts))
        return { out: withoutIds(out), error: error?.code, usage: metered.usage, text: withoutIds(Buffer.from(metered.text())) }
      }
      const whole = told([])
      // Every byte for one client, and for the others so that together every byte is met again: readers are the same.
      const step = client === dialectIds[0] ? 1 : dialectIds.length
      for (let cut = 1 + dialectIds.indexOf(client) % step; cut < bytes.length; cut += step) expect(told([cut]), `cut at ${cut} for ${client}`).toEqual(whole)
    }
  })
})
