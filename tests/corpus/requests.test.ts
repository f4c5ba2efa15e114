import { describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import { crossAll, unexplained, untrue } from '../support/round-trip'
import { wrongBy } from '../support/vendor-schemas'
import { cases, missing } from './cases'
import { refusedByUpstream, refusedRequests } from './refused'

/** Recorded requests written for every other dialect: what its vendor's SDK would send, and nothing lost that is not told. */
const asked = cases.flatMap(one => one.request && one.name !== 'gemini/count-tokens' ? [{ dialect: one.dialect, name: one.name.slice(one.dialect.length + 1), body: one.request, stream: one.stream }] : [])
const { written, refused } = crossAll(asked)

describe.skipIf(missing)('recorded requests (VAPOR_CORPUS)', () => {
  it('are refused only for what has no price or no word here', () => {
    const everywhere = asked.flatMap(({ dialect, name }) => {
      const field = refusedRequests[`${dialect}/${name}`]
      return field === undefined ? [] : dialectIds.filter(id => id !== dialect).map(id => [`${id} < ${dialect}/${name}`, field] as const)
    })
    expect(refused).toEqual({ ...Object.fromEntries(everywhere), ...refusedByUpstream })
  })

  it.each(written)('$name', ({ to, ...crossed }) => {
    expect(wrongBy(to, crossed.body)).toEqual([])
    expect(unexplained(crossed, to)).toEqual({})
    expect(untrue(crossed, to)).toEqual([])
  })
})
