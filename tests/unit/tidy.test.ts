/** A check that cannot fail holds nothing: each rule of tests/tidy meets a file that breaks it. */
import { describe, expect, it } from 'vitest'
import { checkBans } from '../tidy/bans'
import { checkDialectFolders, checkImports } from '../tidy/rooms'
import { checkSizes } from '../tidy/sizes'
import { parse } from '../tidy/sources'
import { checkErrorTexts, checkLocales, checkVariables } from '../tidy/texts'
import { checkUnused } from '../tidy/unused'
import { checkWords } from '../tidy/words'

const anyFile = (path: string): boolean => /\.(?:ts|vue)$/.test(path)
const imports = (path: string, specifier: string) => checkImports(parse(path, `import { x } from '${specifier}'`), anyFile)
const banned = (path: string, code: string) => checkBans(parse(path, code)).map(finding => finding.wrong)
const sized = (path: string, text: string) => checkSizes(parse(path, text)).map(finding => finding.wrong)

describe('tidy: directions', () => {
  it.each([
    ['server/gateway/relay.ts', '#server/billing/ledger'],
    ['server/gateway/relay.ts', '#server/dialects'],
    ['server/gateway/define-relay.ts', '#server/runtime'],
    ['server/billing/payments/order.ts', '../ledger'],
    ['server/dialects/gemini/index.ts', '../neutral'],
    ['server/dialects/index.ts', './gemini/index'],
    ['server/endpoints/completions.ts', '#server/dialects/openai-chat'],
    ['server/gateway/relay.ts', '#server/endpoints/index'],
    ['server/storage/index.ts', './drivers/sqlite/driver'],
    ['server/api/user/keys/index.get.ts', '#server/users/keys'],
    ['server/users/keys.ts', '#shared/schemas/key'],
    ['pages/index.vue.ts', '~/components/ui/Money.vue'],
    ['stores/session.ts', '~/composables/useApi'],
    ['tests/unit/a.test.ts', '#server/storage/drivers/memory'],
  ])('%s may import %s', (from, specifier) => {
    expect(imports(from, specifier)).toEqual([])
  })

  it.each([
    ['server/billing/ledger.ts', '#server/users/keys'],
    ['server/billing/ledger.ts', '#server/dialects/neutral'],
    ['server/billing/ledger.ts', '../gateway/relay'],
    ['server/catalog/models.ts', '#server/billing/price'],
    ['server/users/keys.ts', '#server/runtime'],
    ['server/gateway/relay.ts', '#server/runtime'],
    ['server/gateway/relay.ts', '#server/dialects/openai-chat/stream'],
    ['server/gateway/relay.ts', '#server/utils/define-api'],
    ['server/storage/index.ts', '#server/billing/records'],
    ['server/errors/codes.ts', '#server/config'],
    ['server/users/keys.ts', '#server/storage/drivers/sqlite'],
    ['server/dialects/gemini/stream.ts', '../anthropic/stream'],
    ['server/dialects/gemini/stream.ts', '#server/billing/usage'],
    ['server/dialects/gemini/stream.ts', '../index'],
    ['server/dialects/sse.ts', './gemini/stream'],
    ['server/endpoints/completions.ts', '#server/dialects/openai-chat/usage'],
    ['server/endpoints/rerank.ts', '#server/billing/usage'],
    ['server/dialects/openai-chat/index.ts', '#server/endpoints/usage'],
    ['server/attic/thing.ts', '#server/errors/codes'],
    ['server/api/pay/notify.ts', '~~/composables/useApi'],
    ['server/api/pay/notify.ts', '~~/sandbox/index'],
    ['shared/schemas/key.ts', '#server/users/keys'],
    ['sandbox/index.ts', '../server/errors/codes'],
    ['pages/login.ts', '#server/errors/codes'],
    ['composables/useMoney.ts', '~/components/ui/Money.vue'],
    ['components/ui/Money.ts', '~/pages/index.vue'],
    ['components/ui/Money.ts', '~/plugins/i18n'],
  ])('%s must not import %s', (from, specifier) => {
    expect(imports(from, specifier)).toMatchObject([{ path: from, line: 1, cure: expect.stringMatching(/\w/) }])
  })

  it('sees types, re-exports, dynamic imports and components', () => {
    const cases = [
      'import type { Ledger } from \'#server/billing/ledger\'',
      'export * from \'#server/billing/ledger\'',
      'const ledger = await import(\'#server/billing/ledger\')',
      'type Ledger = import(\'#server/billing/ledger\').Ledger',
    ]
    for (const code of cases) expect(checkImports(parse('composables/useX.ts', code), anyFile), code).toHaveLength(1)
    const component = parse('pages/x.vue', `<template>\n  <p>\n</template>\n\n<script setup lang="ts">\n${cases[0]}\n</script>\n`)
    expect(checkImports(component, anyFile)).toMatchObject([{ line: 6 }])
  })

  it('finds imports that lead nowhere, and looks past a query', () => {
    const exists = (path: string) => path === 'server/storage/writer.ts'
    expect(checkImports(parse('server/storage/index.ts', 'import code from \'./writer?thread-source\''), exists)).toEqual([])
    expect(checkImports(parse('server/storage/index.ts', 'import code from \'./reader\''), exists)).toMatchObject([{ wrong: './reader leads to no file' }])
  })

  it('names the file a dialect lacks', () => {
    const files = ['server/dialects/sse.ts', 'server/dialects/gemini/stream.ts', 'server/dialects/gemini/usage.ts', 'server/dialects/anthropic/stream.ts']
    expect(checkDialectFolders(files)).toMatchObject([{ path: 'server/dialects/anthropic/usage.ts' }])
    expect(checkDialectFolders(files.slice(0, 2))).toEqual([])
  })
})

describe('tidy: sizes', () => {
  const statements = (count: number) => '  step()\n'.repeat(count)

  it('stops long files, routes and functions', () => {
    expect(sized('server/gateway/relay.ts', '// why\n'.repeat(401))).toEqual(['has 401 lines, 400 is the limit'])
    expect(sized('components/ui/Big.vue', `<template>\n${'<p />\n'.repeat(400)}</template>\n`)).toEqual(['has 402 lines, 400 is the limit'])
    expect(sized('server/routes/v1/models.get.ts', 'go()\n'.repeat(16))).toEqual(['has 16 lines, a route has at most 15'])
    expect(sized('server/users/keys.ts', `function long() {\n${statements(69)}}\n`)).toEqual(['long has 71 lines, 70 is the limit'])
    expect(sized('server/users/keys.ts', `const long = async () => {\n${statements(69)}}\n`)).toEqual(['long has 71 lines, 70 is the limit'])
  })

  it('counts neither comments nor blank lines, and named functions inside for themselves', () => {
    expect(sized('server/users/keys.ts', `function fine() {\n${statements(60)}${'  // why\n\n'.repeat(30)}}\n`)).toEqual([])
    expect(sized('server/users/keys.ts', `function factory() {\n${statements(30)}function inner() {\n${statements(60)}}\n}\n`)).toEqual([])
    expect(sized('server/users/keys.ts', `function factory() {\nfunction inner() {\n${statements(69)}}\n}\n`)).toEqual(['inner has 71 lines, 70 is the limit'])
    expect(sized('server/users/keys.ts', `function outer() {\n  run(() => {\n${statements(67)}  })\n}\n`)).toEqual(['outer has 71 lines, 70 is the limit'])
  })

  it('lets tests and data be long', () => {
    expect(sized('tests/flow/pairs.test.ts', statements(900))).toEqual([])
  })
})

describe('tidy: bans', () => {
  it.each([
    ['tests/unit/a.test.ts', 'const x: any = 1', 'any'],
    ['server/gateway/relay.ts', 'use(process.env.HOME)', 'process.env'],
    ['server/gateway/relay.ts', 'use(process[\'env\'])', 'process.env'],
    ['server/billing/price.ts', 'parseFloat(text)', 'a global parseFloat'],
    ['server/billing/price.ts', 'sum.toFixed(2)', 'float formatting'],
    ['server/billing/price.ts', 'const rate = 0.5', 'a fraction'],
    ['server/billing/price.ts', 'Math.round(x)', 'rounding'],
    ['server/billing/payments/order.ts', 'Number(order.amount)', 'Number() on money'],
    ['server/billing/payments/order.ts', 'Number(row.unitPrice ?? 0)', 'Number() on money'],
    ['server/billing/price.ts', 'const x = units * price', 'money multiplied or divided as a number'],
    ['server/billing/price.ts', 'const x = (hold.amount) / 3', 'money multiplied or divided as a number'],
    ['server/billing/ledger.ts', 'useStorage()', 'useStorage'],
    ['server/gateway/channels.ts', 'Math.random()', 'Math.random'],
    ['server/gateway/channels.ts', 'console.log(1)', 'console'],
    ['pages/index.vue', '<script setup>\nconsole.log(1)\n</script>', 'console'],
    ['server/api/a.get.ts', 'event.req.headers', 'a word of h3 2'],
    ['server/utils/define-api.ts', 'throw new HTTPError(400)', 'a word of h3 2'],
  ])('%s: %s', (path, code, wrong) => {
    expect(banned(path, code)).toEqual([wrong])
  })

  it.each([
    ['server/config/index.ts', 'use(process.env)'],
    ['server/logger.ts', 'console.log(1)'],
    ['scripts/demo.ts', 'console.log(process.env.PORT)'],
    ['server/billing/price.ts', 'Number((sum * BigInt(units) + 1n) / divisor)'],
    ['server/billing/price.ts', 'const cost = BigInt(units) * BigInt(price)'],
    ['server/billing/price.ts', 'const windows = Math.floor(at / WINDOW)'],
    ['server/billing/ledger.ts', 'Number(result.value ?? 0)'],
    ['server/gateway/relay.ts', 'const company = many'],
  ])('%s may say %s', (path, code) => {
    expect(banned(path, code)).toEqual([])
  })
})

describe('tidy: unused', () => {
  it('names components, composables and stores nobody mentions', () => {
    const sources = [
      parse('components/ui/MoneyText.vue', '<template><b /></template>'),
      parse('components/ui/Forgotten.vue', '<template><b /></template>'),
      parse('composables/use-money.ts', 'export function useMoney() {}\nexport const useGold = () => 1\nfunction inner() {}\nexport interface Gold {}'),
      parse('pages/index.vue', '<script setup>\nuseMoney()\n</script>\n<template><UiMoneyText /></template>'),
    ]
    expect(checkUnused(sources)).toMatchObject([{ path: 'components/ui/Forgotten.vue' }, { line: 2, wrong: 'exports useGold, which nobody uses' }])
  })
})

describe('tidy: words', () => {
  // Put together here so that this file passes the check it tests.
  const join = (...parts: string[]) => parts.join('')

  it.each([
    join('see https://regi', 'stry.example.com/x'),
    join('open /wo', 'rk/main/server'),
    join('cd "/ho', 'me/someone/vapor"'),
    join('read .libr', 'ary/notes'),
    join('see CLAU', 'DE.md'),
    join('ask a sub', 'agent'),
  ])('%s', (line) => {
    expect(checkWords('docs/a.md', `fine\n${line}\n`)).toMatchObject([{ line: 2 }])
  })

  it('lets the product speak of its own tools', () => {
    expect(checkWords('README.md', 'Claude Code works; GET https://example.com/work/items; model claude-3')).toEqual([])
  })
})

describe('tidy: texts', () => {
  const zh = (messages: { [key: string]: string | { [key: string]: string } }) => ({ path: 'i18n/locales/zh-CN.json', messages })

  it('compares keys and placeholders of two languages', () => {
    expect(checkLocales(zh({ a: { b: '{n} 个' } }), zh({ a: { b: '{n} of them' } }))).toEqual([])
    expect(checkLocales(zh({ a: { b: '一' } }), zh({ a: {} }))).toMatchObject([{ wrong: 'lacks a.b' }])
    expect(checkLocales(zh({ a: '{n} 个' }), zh({ a: 'some' }))).toHaveLength(1)
  })

  it('names the error code without a text', () => {
    const messages = { errors: { one: '1', two: '2' }, other: { three: '3' } }
    expect(checkErrorTexts(['one', 'two', 'three'], zh(messages))).toMatchObject([{ wrong: 'has no text for the error code three' }])
    expect(checkErrorTexts(['one', 'two'], zh(messages))).toEqual([])
  })

  it('compares variables with their two documents', () => {
    const readme = { path: 'README.md', text: '| `ONE` | 1 | x |\n| `TWO` | | y |\n' }
    expect(checkVariables(['ONE', 'SIX'], 'ONE=1\n# SIX=\n', readme).map(finding => finding.wrong)).toEqual(['lacks SIX in the table of variables', 'tells of TWO, which nothing reads'])
    expect(checkVariables(['ONE', 'TWO'], 'ONE=1\n', readme).map(finding => finding.wrong)).toEqual(['lacks TWO'])
  })
})
