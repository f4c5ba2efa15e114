/** What the console's pages work out by themselves: text, forecasts, findings, addresses. */
import { describe, expect, it } from 'vitest'
import { forecastOf } from '#shared/utils/forecast'
import { readInline, readRichText } from '../../composables/use-rich-text'

describe('the forecast', () => {
  it('reckons with the days since the first spending, at most seven', () => {
    expect(forecastOf('10', ['0', '0', '1', '1', '1'])).toEqual({ kind: 'days', days: 10, perDay: 1_000_000_000n, over: 3 })
    expect(forecastOf('10', ['9', '9', '2', '2', '2', '2', '2', '2', '2'])).toEqual({ kind: 'days', days: 5, perDay: 2_000_000_000n, over: 7 })
    expect(forecastOf('0.5', ['1', '1', '1'])).toMatchObject({ kind: 'days', days: 0 })
  })

  it('says when it cannot tell', () => {
    expect(forecastOf('10', ['0', '0', '0'])).toEqual({ kind: 'idle', over: 3 })
    expect(forecastOf('10', ['0', '0', '0', '1'])).toEqual({ kind: 'young', more: 2 })
    expect(forecastOf('10', ['1', ...Array<string>(9).fill('0')])).toEqual({ kind: 'idle', over: 7 })
    expect(forecastOf('0', ['1', '1', '1'])).toEqual({ kind: 'empty' })
    expect(forecastOf('-1', ['1', '1', '1'])).toEqual({ kind: 'empty' })
  })

  it('does not promise years, and never says a rate of 0', () => {
    expect(forecastOf('9000000', ['0.000000001', '0', '0'])).toEqual({ kind: 'long', perDay: 1n, over: 3 })
  })
})

describe('text of a model', () => {
  it('becomes blocks', () => {
    const blocks = readRichText('# Tea\n\nIt is **hot**\nand `green`.\n\n- one\n  - two\n- three\n\n1. first\n2. second\n\n> said\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n---\n```ts\nconst a = 1\n\n# no heading\n```\nend')
    expect(blocks.map(block => block.kind)).toEqual(['heading', 'paragraph', 'list', 'list', 'quote', 'table', 'rule', 'code', 'paragraph'])
    expect(blocks[1]).toEqual({ kind: 'paragraph', lines: [[{ kind: 'text', text: 'It is ' }, { kind: 'bold', text: 'hot' }], [{ kind: 'text', text: 'and ' }, { kind: 'code', text: 'green' }, { kind: 'text', text: '.' }]] })
    expect(blocks[2]).toMatchObject({ ordered: false, items: [{ depth: 0 }, { depth: 1 }, { depth: 0 }] })
    expect(blocks[3]).toMatchObject({ ordered: true, start: 1 })
    expect(blocks[7]).toEqual({ kind: 'code', language: 'ts', text: 'const a = 1\n\n# no heading' })
  })

  it('is read to its end however it is broken off', () => {
    const text = 'Hi **there\n```js\nlet x = `a`\n| a | b |\n|-'
    for (let length = 0; length <= text.length; length++) expect(() => readRichText(text.slice(0, length))).not.toThrow()
    expect(readRichText('```js\nlet x')).toEqual([{ kind: 'code', language: 'js', text: 'let x' }])
  })

  it('links to the web and to nothing else', () => {
    expect(readInline('[a](https://example.com/x) https://example.org/y.')).toEqual([{ kind: 'link', text: 'a', href: 'https://example.com/x' }, { kind: 'text', text: ' ' }, { kind: 'link', text: 'https://example.org/y', href: 'https://example.org/y' }, { kind: 'text', text: '.' }])
    for (const text of ['[a](javascript:alert(1))', '[a](data:text/html,x)', '<img src=x onerror=alert(1)>']) expect(readInline(text).every(part => part.kind === 'text')).toBe(true)
  })

  it('leaves stars and underscores of code and sums alone', () => {
    expect(readInline('2 * 3 * 4 and snake_case_name and `a*b*c`')).toEqual([{ kind: 'text', text: '2 * 3 * 4 and snake_case_name and ' }, { kind: 'code', text: 'a*b*c' }])
  })

  it('is quick even where it is meant to be slow', () => {
    const started = performance.now()
    for (const piece of ['*a ', '`', '[a](', '| - ', '_', '**', '- \n']) readRichText(piece.repeat(20_000))
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
