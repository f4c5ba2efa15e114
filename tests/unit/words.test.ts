import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { chargeRules, endReasons } from '#shared/schemas/request'
import { alertKinds } from '#shared/schemas/alert'
import { orderStates } from '#shared/schemas/plain-rules'
import { entryKinds } from '#shared/schemas/usage'
import { dialectIds } from '#shared/schemas/channel'
import { usageClassNames } from '#shared/schemas/price'
import en from '~/i18n/en.json'
import zh from '~/i18n/zh-CN.json'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folders = ['pages', 'components', 'composables', 'plugins', 'stores']

type Messages = { [key: string]: string | Messages }

function lookup(messages: Messages, key: string): unknown {
  return key.split('.').reduce<unknown>((found, part) => (found as Messages | undefined)?.[part], messages)
}

/** Every `t('…')` and `$t('…')` whose key is written out. */
function usedKeys(): string[] {
  const files = folders.flatMap(folder => readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map(name => `${root}${folder}/${name}`))
  const code = [...files, `${root}app.vue`, `${root}error.vue`].filter(path => /\.(?:vue|ts)$/.test(path)).map(path => readFileSync(path, 'utf8')).join('\n')
  return [...new Set([...code.matchAll(/(?<![\w.])\$?t\('([\w.-]+)'/g)].map(match => match[1] ?? ''))]
}

describe.each([['zh-CN', zh as Messages], ['en', en as Messages]])('the words of %s', (_, messages) => {
  it('has every key the pages ask for', () => {
    expect(usedKeys().filter(key => typeof lookup(messages, key) !== 'string')).toEqual([])
  })

  it('has a word for every value the API can answer', () => {
    const keys = [
      ...chargeRules.map(name => `chargeRules.${name}`),
      ...endReasons.map(name => `endReasons.${name}`),
      ...entryKinds.map(name => `entryKinds.${name}`),
      ...orderStates.flatMap(name => [`orderStates.${name}.name`, `orderStates.${name}.means`]),
      ...alertKinds.flatMap(name => [`alerts.kinds.${name}.title`, `alerts.kinds.${name}.what`]),
      ...dialectIds.map(name => `dialects.${name}`),
      ...usageClassNames.map(name => `classes.${name}`),
    ]
    expect(keys.filter(key => typeof lookup(messages, key) !== 'string')).toEqual([])
  })

  it('has a title and a description for every page', () => {
    const pages = [...readdirSync(`${root}pages`, { recursive: true, encoding: 'utf8' })]
      .map(name => /usePageMeta\('([\w.]+)'\)/.exec(name.endsWith('.vue') ? readFileSync(`${root}pages/${name}`, 'utf8') : '')?.[1])
      .filter(name => name !== undefined)
    expect(pages.length).toBeGreaterThan(10)
    expect(pages.flatMap(page => [`pages.${page}.title`, `pages.${page}.description`]).filter(key => !lookup(messages, key))).toEqual([])
  })
})
