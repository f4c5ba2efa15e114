import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { crossStream, inPieces, withoutIds } from '../../support/wires'

/** Every fixture cut at every byte, by turns for every client: the same as whole. */
const folder = (id: string) => new URL(`../../fixtures/${id}/`, import.meta.url)
const fixtures = dialectIds.flatMap(upstream => readdirSync(folder(upstream)).filter(name => name.endsWith('.sse')).map(name => ({ upstream, name, bytes: readFileSync(new URL(name, folder(upstream))) })))

describe('a cut anywhere changes nothing', () => {
  it.each(fixtures)('$upstream/$name', ({ upstream, bytes }) => {
    const told = (client: DialectId, cuts: number[]) => {
      const { bytes: out, error, metered } = crossStream(upstream, client, inPieces(bytes, cuts))
      return { out: withoutIds(out), error: error?.code, usage: metered.usage }
    }
    const whole = new Map(dialectIds.map(client => [client, told(client, [])]))
    // The clients take turns: the reader before them is the same.
    for (let cut = 1; cut < bytes.length; cut++) {
      const client = dialectIds[cut % dialectIds.length]!
      expect(told(client, [cut]), `cut at ${cut} for ${client}`).toEqual(whole.get(client))
    }
  })
})
