import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonFields, patchJson } from '#server/dialects/json-fields'
import { runs } from '../../support/runs'

const patched = (text: string, set: Record<string, string>, remove: string[] = []) => Buffer.from(patchJson(Buffer.from(text), { set, remove })).toString('utf8')

describe('patching a body', () => {
  it('changes nothing but the field, spacing and number forms included', () => {
    expect(patched('{ "a" : 1.0 ,\n "model":"x", "b":[1e5,{"model":"x"}] }', { model: '"y"' })).toBe('{ "a" : 1.0 ,\n "model":"y", "b":[1e5,{"model":"x"}] }')
  })

  it('adds at the end, and to an empty object', () => {
    expect(patched('{"a":1 }', { b: '2', c: '3' })).toBe('{"a":1,"b":2,"c":3 }')
    expect(patched('{ }', { b: '2' })).toBe('{"b":2 }')
  })

  it('takes fields out with their comma, wherever they stand', () => {
    expect(patched('{"a":1,"b":2,"c":3}', {}, ['a'])).toBe('{"b":2,"c":3}')
    expect(patched('{"a":1,"b":2,"c":3}', {}, ['b'])).toBe('{"a":1,"c":3}')
    expect(patched('{"a":1,"b":2,"c":3}', {}, ['c'])).toBe('{"a":1,"b":2}')
    expect(patched('{"a":1,"b":2}', {}, ['a', 'b'])).toBe('{}')
    expect(patched('{"a":1,"b":2}', { c: '3' }, ['a', 'b'])).toBe('{"c":3}')
    expect(patched('{"a":1,"b":2}', { c: '3' }, ['b'])).toBe('{"a":1,"c":3}')
  })

  it('reads strings with quotes, braces and backslashes as strings', () => {
    expect(jsonFields(Buffer.from('{"a\\"b":"}\\\\","c":"{\\"x\\":1"}')).map(field => field.name)).toEqual(['a"b', 'c'])
  })

  it('means the same as parsing, changing and writing', () => {
    const field = fc.string({ maxLength: 6 }).filter(name => name !== '__proto__')
    const object = fc.dictionary(field, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 })
    fc.assert(fc.property(object, fc.dictionary(field, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }), fc.array(field, { maxLength: 3 }), fc.constantFrom(0, 2), (value, change, remove, indent) => {
      const names = [...new Set([...remove, ...Object.keys(value).slice(0, 1)])].filter(name => !(name in change))
      const set = Object.fromEntries(Object.entries(change).map(([name, part]) => [name, JSON.stringify(part)]))
      const expected = { ...Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))), ...change }
      expect(JSON.parse(patched(JSON.stringify(value, null, indent), set, names))).toEqual(JSON.parse(JSON.stringify(expected)))
    }), { numRuns: runs })
  })
})
