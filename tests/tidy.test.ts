/** Holds the rules of the house, so that nobody has to remember them. Each finding says where, what and how to cure it. */
import { describe, expect, it } from 'vitest'
import { environment } from '#server/config/env'
import { errorCodes } from '#server/errors/codes'
import { checkBans } from './tidy/bans'
import { checkDialectFolders, checkImports } from './tidy/rooms'
import { checkSizes } from './tidy/sizes'
import type { Finding } from './tidy/sources'
import { isCode, listFiles, parse, readText } from './tidy/sources'
import { checkErrorTexts, checkLocales, checkVariables } from './tidy/texts'
import { checkUnused } from './tidy/unused'
import { checkWords } from './tidy/words'

const files = listFiles()
const sources = files.filter(isCode).map(path => parse(path, readText(path)))
const texts = files.filter(path => !/\.(?:png|jpe?g|webp|ico|svg|woff2?|gz|br|bin|db|pdf)$/.test(path))

const tell = (findings: Finding[]): string[] => findings.map(({ path, line, wrong, cure }) => `${path}:${line} ${wrong} → ${cure}`)

describe('tidy', () => {
  it('imports follow the direction of the rooms and lead somewhere', () => {
    expect(tell(sources.flatMap(source => checkImports(source)))).toEqual([])
  })

  it('every dialect is made of the same files', () => {
    expect(tell(checkDialectFolders(files))).toEqual([])
  })

  it('files, functions and routes stay small', () => {
    expect(tell(sources.flatMap(checkSizes))).toEqual([])
  })

  it('nothing banned is used', () => {
    expect(tell(sources.flatMap(checkBans))).toEqual([])
  })

  it('everything Nuxt imports by name is used somewhere', () => {
    expect(tell(checkUnused(sources))).toEqual([])
  })

  it('the repository speaks of the product alone', () => {
    expect(tell(texts.flatMap(path => checkWords(path, readText(path))))).toEqual([])
  })

  const locales = files.filter(path => /^i18n\/.*(?:zh-CN|en)\.json$/.test(path)).map(path => ({ path, messages: JSON.parse(readText(path)) }))
  it.skipIf(locales.length === 0)('both languages say the same things', () => {
    const [one, other] = locales
    if (!one || !other) throw new Error('i18n/ needs zh-CN.json and en.json')
    expect(tell([...checkLocales(one, other), ...checkLocales(other, one)])).toEqual([])
  })

  it.skipIf(locales.length === 0)('every error code is translated', () => {
    expect(tell(locales.flatMap(locale => checkErrorTexts(Object.keys(errorCodes), locale)))).toEqual([])
  })

  it('every environment variable is documented', () => {
    const names = Object.keys(environment.shape)
    const example = readText('.env.example')
    expect(tell(['README.md', 'README.zh-CN.md'].flatMap(path => checkVariables(names, example, { path, text: readText(path) })))).toEqual([])
  })
})
