/** Every page there is, by the folder `pages/`: a new one cannot be forgotten. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/sources.ts'
import { LONG_NAME } from './furnished'

/** What to put where an address has a parameter. */
const parameters: Record<string, string> = { '[...name]': LONG_NAME }

/** Paths of all pages. A page that has a folder of its name is the shell of what is in there, and no page. */
export function listPages(): string[] {
  const files = readdirSync(join(root, 'pages'), { recursive: true, encoding: 'utf8' }).map(file => file.replaceAll('\\', '/'))
  return files
    .filter(file => file.endsWith('.vue') && !files.includes(file.replace(/\.vue$/, '')))
    .map(file => file.replace(/\.vue$/, '').split('/').map(fill).filter(part => part !== 'index').join('/'))
    .map(path => `/${path}`)
    .sort()
}

function fill(part: string): string {
  if (!part.startsWith('[')) return part
  const value = parameters[part]
  if (value === undefined) throw new Error(`Say in tests/support/pages.ts what to put for ${part}.`)
  return value
}

/** Whose page it is: nobody's needs no sign-in. */
export function readerOf(path: string): 'admin' | 'user' | 'nobody' {
  if (/^\/admin(?:\/|$)/.test(path)) return 'admin'
  return /^\/console(?:\/|$)/.test(path) ? 'user' : 'nobody'
}
