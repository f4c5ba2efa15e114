import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fixtures } from '../../support/fixtures'

const BYTES_MAX = 8192
const readme = readFileSync(new URL('../../fixtures/README.md', import.meta.url), 'utf8')

it('every fixture is small, and the README says which trap it holds', () => {
  expect(fixtures.filter(one => one.bytes.length > BYTES_MAX).map(one => one.name)).toEqual([])
  const named = new Set([...readme.matchAll(/`([\w-]+\/[\w.-]+\.(?:json|sse|html))`/g)].map(match => match[1]!))
  expect([...named].sort()).toEqual(fixtures.map(one => one.name).sort())
})
