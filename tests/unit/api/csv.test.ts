import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toCsvLine } from '#server/utils/define-csv'
import { keys } from '#server/storage/keys'
import { runs } from '../../support/runs'
import { startConsole } from './console'
import type { Console } from './console'

let site: Console
let user: string
beforeAll(async () => {
  site = await startConsole()
  user = await site.signIn('2')
})
afterAll(() => site.close())

/** A strict reader of RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  for (let at = 0; at < text.length;) {
    const [whole, quoted, plain] = /"((?:[^"]|"")*)"|([^",\r\n]*)/y.exec(text.slice(at))!
    row.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'))
    at += whole.length
    const end = text.startsWith('\r\n', at)
    if (!end && text[at] !== ',') throw new Error(`no separator at ${at}`)
    at += end ? 2 : 1
    if (!end) continue
    rows.push(row)
    row = []
  }
  return rows
}

const download = (path: string, cookie?: string) => site.call('GET', path, cookie === undefined ? {} : { cookie })

describe('a line', () => {
  it('is read back as it was written, but for what would be calculated', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (cells) => {
      const [read] = parseCsv(toCsvLine(cells))
      expect(read!.map((cell, index) => cell === `'${cells[index]}` ? cells[index] : cell)).toEqual(cells)
      for (const cell of read!) expect(/^[=+@\t\r\n]|^-(?!\d+(?:\.\d+)?$)/.test(cell)).toBe(false)
    }), { numRuns: runs })
  })

  it('turns formulas into text and leaves amounts numbers', () => {
    expect(toCsvLine(['=1+1', '+1', '-1.5', '-1+1', '@a', '\tx', '＝1', '0.5', null, true]))
      .toBe('\'=1+1,\'+1,-1.5,\'-1+1,\'@a,\'\tx,\'＝1,0.5,,true\r\n')
    expect(toCsvLine(['a "b", c', '=HYPERLINK("x")', 'l1\nl2'])).toBe('"a ""b"", c","\'=HYPERLINK(""x"")","l1\nl2"\r\n')
  })
})

describe('the file of entries', () => {
  it('holds all of them, newest first, over many pages', async () => {
    for (let index = 0; index < 450; index++) await site.runtime.ledger.credit({ user: '2', kind: 'adjust', amount: index + 1, reference: `adj_${index}`, note: index === 3 ? '=cmd|\' /C calc\'!A0' : '退款, "quoted"' })
    await site.runtime.ledger.credit({ user: '9', kind: 'adjust', amount: 5, reference: 'not yours', note: '' })
    const answer = await fetch(`${site.url}/api/user/entries.csv`, { headers: { cookie: user } })
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('content-disposition')]).toEqual([200, 'text/csv; charset=utf-8; header=present', 'attachment; filename="entries.csv"'])
    const bytes = Buffer.from(await answer.arrayBuffer())
    expect([...bytes.subarray(0, 3)]).toEqual([0xEF, 0xBB, 0xBF])
    const [head, ...rows] = parseCsv(bytes.subarray(3).toString('utf8'))
    expect(head).toEqual(['time', 'kind', 'amount', 'reference', 'note', 'late', 'entry'])
    expect(rows.map(row => row[3])).toEqual(Array.from({ length: 450 }, (_, index) => `adj_${449 - index}`))
    expect(rows[446]![4]).toBe('\'=cmd|\' /C calc\'!A0')
    expect(rows[0]).toMatchObject({ 1: 'adjust', 2: '0.00000045', 4: '退款, "quoted"', 5: 'false' })
  })

  it('needs a session, and says what is wrong before the first byte', async () => {
    expect((await download('/api/user/entries.csv')).body).toMatchObject({ error: { code: 'signed_out' } })
    const { list } = site.runtime.store
    site.runtime.store.list = () => Promise.reject(new Error('away'))
    const answer = await download('/api/user/entries.csv', user)
    site.runtime.store.list = list
    expect([answer.status, answer.body]).toMatchObject([500, { error: { code: 'internal' } }])
  })

  it('is visibly cut short when a later page cannot be read', async () => {
    const { list } = site.runtime.store
    site.runtime.store.list = (prefix, options) => options.after === undefined || !prefix.startsWith(keys.entryPrefix('2')) ? list(prefix, options) : Promise.reject(new Error('away'))
    await expect(fetch(`${site.url}/api/user/entries.csv`, { headers: { cookie: user } }).then(answer => answer.text())).rejects.toThrow()
    site.runtime.store.list = list
    expect(site.errors.some(error => error.includes('entries.csv'))).toBe(true)
  })
})

it('the file of orders is empty but for its head when there are none', async () => {
  expect((await download('/api/user/orders.csv', user)).body).toBe('created,state,money,currency,credit,bonus,rate,type,paid,refunded,trade_no,order\r\n')
})
