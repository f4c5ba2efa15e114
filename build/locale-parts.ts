/**
 * Texts as the browser loads them: in two parts, so that a visitor of the front pages does not download the words of the
 * consoles, and with their placeholders taken apart, so that nobody downloads the parser of them.
 * `i18n/en.json?locale=front` holds the groups below, `?locale=rest` all others.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

type Messages = { [key: string]: string | Messages }
interface LoadContext { addWatchFile(file: string): void }
interface MessageCompiler { baseCompile(text: string, options: { jit: true, optimize: true, minify: true, mangle: true }): { ast: unknown } }

/** What stands on the landing page, the price list and the status page; `group` or `group.key`. */
export const frontKeys = [
  'common', 'units', 'nav', 'session', 'site', 'index', 'pages.index', 'pages.models', 'pages.model', 'pages.status', 'pages.docs.title', 'errorPages', 'prices', 'classes', 'dialects', 'modalities', 'status',
  'requests.noUsage', 'requests.perMillion', 'requests.longContext', 'requests.discount', 'requests.wouldBe', 'requests.charged',
]

const LOCALE = /^(.*\/i18n\/[\w-]+\.json)\?locale=(front|rest)$/
const require = createRequire(createRequire(import.meta.url).resolve('vue-i18n'))
const { baseCompile } = require('@intlify/message-compiler') as MessageCompiler

/** For vite, on both sides. */
export function localeParts() {
  return {
    name: 'locale-parts',
    enforce: 'pre' as const,
    load(this: LoadContext, id: string) {
      const [, file, part] = LOCALE.exec(id) ?? []
      if (!file) return null
      this.addWatchFile(file)
      const messages = JSON.parse(readFileSync(file, 'utf8')) as Messages
      return { code: `export default ${JSON.stringify(compiled(pick(messages, part === 'front')))}`, map: null, moduleType: 'js' as const }
    },
  }
}

function pick(messages: Messages, front: boolean, prefix = ''): Messages {
  return Object.fromEntries(Object.entries(messages).flatMap(([key, value]): [string, string | Messages][] => {
    const path = prefix + key
    if (frontKeys.includes(path)) return front ? [[key, value]] : []
    if (typeof value === 'string') return front ? [] : [[key, value]]
    const rest = pick(value, front, `${path}.`)
    return Object.keys(rest).length > 0 ? [[key, rest]] : []
  }))
}

/** A text without placeholders stays a text; `composables/use-locale-switch.ts` knows what to make of it. */
function compiled(messages: Messages): unknown {
  return Object.fromEntries(Object.entries(messages).map(([key, value]) => {
    if (typeof value !== 'string') return [key, compiled(value)]
    return [key, /[{}@|]/.test(value) ? withoutPlaces(baseCompile(value, { jit: true, optimize: true, minify: true, mangle: true }).ast) : value]
  }))
}

/** Where in the text a part stood is of no use to a reader. */
function withoutPlaces(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutPlaces)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(Object.entries(node).filter(([key]) => !['start', 'end', 'loc'].includes(key)).map(([key, value]) => [key, withoutPlaces(value)]))
}
