/** Which pages there are, read from the folder of pages, so that none is forgotten; and whose eyes see them. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../sources.ts'

export type Who = 'visitor' | 'user' | 'admin'

export interface View {
  /** Also the picture's file name. */
  name: string
  path: string
  who: Who
}

/** The addresses of dynamic pages, by their file. */
export type Examples = Record<string, string>

const folder = join(root, 'pages')

/** All pages in the order of their files. Throws for a dynamic page without an example. */
export function listViews(examples: Examples): View[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(file => file.replaceAll('\\', '/')).filter(file => file.endsWith('.vue')).sort()
  const shells = files.filter(file => files.some(other => other.startsWith(`${file.slice(0, -'.vue'.length)}/`)))
  return files.filter(file => !shells.includes(file)).map(file => viewOf(file, examples))
}

function viewOf(file: string, examples: Examples): View {
  const name = file.slice(0, -'.vue'.length).replace(/(^|\/)index$/, '$1').replace(/\/$/, '')
  const path = examples[file] ?? `/${name}`
  if (path.includes('[')) throw new Error(`pages/${file} is dynamic: give it an example in scripts/screenshots.ts.`)
  return { name: (file in examples ? file.slice(0, file.indexOf('[')) + 'one' : name || 'landing').replaceAll('/', '-'), path, who: whoSees(path) }
}

function whoSees(path: string): Who {
  if (path.startsWith('/admin')) return 'admin'
  return path.startsWith('/console') ? 'user' : 'visitor'
}
