import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dialectIds } from '#shared/schemas/channel'
import { budgetOf, effortOf } from '#server/dialects/effort'
import { efforts } from '#server/dialects/neutral'
import { showSignature, unwrapSignature, wrapSignature } from '#server/dialects/signatures'
import { runs } from '../../support/runs'

const text = fc.string({ unit: 'grapheme' })
const dialect = fc.constantFrom(...dialectIds)

describe('signatures', () => {
  it('survive the clothes of any dialect', () => {
    fc.assert(fc.property(dialect, dialect, text, fc.option(text.filter(item => item !== ''), { nil: undefined }), (maker, native, value, item) => {
      const signature = { dialect: maker, value, ...(item === undefined ? {} : { item }) }
      expect(unwrapSignature(wrapSignature(signature), native)).toEqual(signature)
    }), { numRuns: runs })
  })

  it('are bare at home: what the vendor made is what the vendor gets', () => {
    expect(showSignature({ dialect: 'gemini', value: 'Q2k=.x' }, 'gemini')).toBe('Q2k=.x')
    expect(unwrapSignature('Q2k=.x', 'gemini')).toEqual({ dialect: 'gemini', value: 'Q2k=.x' })
    expect(showSignature({ dialect: 'gemini', value: 'Q2k=' }, 'anthropic')).toMatch(/^vapor1\.gemini\.\.[\w-]+$/)
  })

  it('stand in a header, a URL or JSON as they are', () => {
    fc.assert(fc.property(dialect, text, (maker, value) => {
      expect(wrapSignature({ dialect: maker, value })).toMatch(/^[\w.-]+$/)
    }), { numRuns: runs })
  })

  it.each(['', 'vapor1', 'vapor1.martian..eA', 'vapor2.gemini..eA', 'EqQBCkYIBxgCKkA'])('%j is nobody\'s wrapper', (shown) => {
    expect(unwrapSignature(shown, 'anthropic')).toEqual({ dialect: 'anthropic', value: shown })
  })

  it('never throw, whatever a client sends back', () => {
    fc.assert(fc.property(fc.oneof(text, text.map(rest => `vapor1.gemini.${rest}`)), (shown) => {
      expect(dialectIds).toContain(unwrapSignature(shown, 'anthropic').dialect)
    }), { numRuns: runs })
  })
})

describe('how much to think', () => {
  const control = (effort: typeof efforts[number] | undefined, budget: number | undefined) => ({ effort, budget, visible: undefined })

  it.each([
    [0, 'none'], [1, 'minimal'], [512, 'minimal'], [513, 'low'], [1024, 'low'], [1025, 'medium'], [8192, 'medium'], [8193, 'high'], [24_576, 'high'], [24_577, 'xhigh'], [-1, undefined],
  ])('a budget of %i is %s', (budget, effort) => {
    expect(effortOf(control(undefined, budget))).toBe(effort)
  })

  it('gives every effort but the greatest a budget that amounts to it', () => {
    for (const effort of efforts) {
      const budget = budgetOf(control(effort, undefined))
      expect(effortOf(control(undefined, budget))).toBe(effort === 'max' ? undefined : effort)
    }
  })

  it('takes what was said over what can be derived', () => {
    expect(budgetOf(control('low', 5000))).toBe(5000)
    expect(effortOf(control('low', 5000))).toBe('low')
    expect([budgetOf(control(undefined, undefined)), effortOf(control(undefined, undefined))]).toEqual([undefined, undefined])
  })
})
