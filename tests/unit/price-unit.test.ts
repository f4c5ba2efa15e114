import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromPerMillion, plainDecimal, shiftDecimal, toPerMillion } from '~/composables/use-price-unit'

describe('prices per thousand and per million', () => {
  it.each([
    ['0.0025', 3, '2.5'],
    ['2.5', -3, '0.0025'],
    ['1', 3, '1000'],
    ['1000', -3, '1'],
    ['250', -3, '0.25'],
    ['12345.6', -3, '12.3456'],
    ['0', 3, '0'],
    ['0.000', -3, '0'],
    ['007.50', 0, '7.5'],
    ['.5', 3, '500'],
    ['5.', -3, '0.005'],
    ['0.000000001', -6, '0.000000000000001'],
  ])('moves the point of %s by %i to %s', (text, by, moved) => {
    expect(shiftDecimal(text, by)).toBe(moved)
  })

  it.each(['', '.', '-1', '1e3', '1,5', '1.2.3', 'abc', '１'])('does not take %j for a price', (text) => {
    expect(shiftDecimal(text, 3)).toBeUndefined()
    expect(toPerMillion(text, 'thousand')).toBeUndefined()
  })

  it('never loses a digit there and back', () => {
    const price = fc.tuple(fc.nat({ max: 999_999_999 }), fc.nat({ max: 999_999_999 }))
      .map(([whole, fraction]) => shiftDecimal(`${whole}.${String(fraction).padStart(9, '0')}`, 0) ?? '')
    fc.assert(fc.property(price, fc.constantFrom('million' as const, 'thousand' as const, 'one' as const), (text, unit) => {
      expect(toPerMillion(fromPerMillion(text, unit), unit)).toBe(text)
    }))
  })

  it('is right where a float is not', () => {
    expect(toPerMillion('0.0011', 'thousand')).toBe('1.1')
    expect(fromPerMillion('0.3', 'thousand')).toBe('0.0003')
    expect(toPerMillion('0.000001005', 'thousand')).toBe('0.001005')
  })

  it('refuses what the ledger could not keep exactly', () => {
    expect(toPerMillion('0.0000000000001', 'thousand')).toBeUndefined()
    expect(toPerMillion('9999999', 'thousand')).toBeUndefined()
    expect(toPerMillion('0.000000000001', 'thousand')).toBe('0.000000001')
  })

  it('counts a call one by one', () => {
    expect(toPerMillion('0.0005', 'one')).toBe('500')
    expect(fromPerMillion('500', 'one')).toBe('0.0005')
  })
})

describe('typed amounts', () => {
  it.each([['.5', '0.5'], ['3.', '3'], ['+10', '10'], ['-02.50', '-2.5'], ['-0', '0'], ['0', '0']])('writes %s as %s', (typed, plain) => {
    expect(plainDecimal(typed)).toBe(plain)
  })

  it('hands nonsense on, for the schema to refuse', () => {
    expect(plainDecimal('abc')).toBe('abc')
    expect(plainDecimal('')).toBe('')
  })
})
