/**
 * Who may import whom. The map is the rule:
 *
 * routes, api, utils, middleware, plugins → gateway → billing · users · catalog · settings → storage → errors
 *                                             └──→ endpoints → dialects → neutral
 */
import { existsSync, statSync } from 'node:fs'
import { posix } from 'node:path'
import type { Finding, Source } from './sources'
import { importsOf, root } from './sources'

const leaves = ['errors', 'secrets', 'config']
const business = ['billing', 'users', 'catalog', 'settings']
const behindTheDoor = ['ops', 'gateway', 'endpoints', 'dialects', ...business, 'storage', ...leaves]

/** Server rooms and what lies to their right. A room always sees itself, `shared/` and packages. */
const serverRooms: Record<string, string[]> = {
  routes: ['utils', ...behindTheDoor],
  api: ['utils', ...behindTheDoor],
  plugins: ['utils', 'services', ...behindTheDoor],
  utils: behindTheDoor,
  middleware: ['utils', ...behindTheDoor],
  // Listens, and closes the door again.
  entry: ['ops', 'config'],
  // These two put the rooms together at boot; who may hold the runtime is said below.
  runtime: ['services', ...behindTheDoor],
  services: behindTheDoor,
  gateway: ['endpoints', 'dialects', ...business, 'storage', ...leaves],
  // What an operator asks of an instance: is it ready, how does it fare, may it go.
  ops: ['gateway', 'dialects', ...business, 'storage', ...leaves],
  // What is no conversation: answered by the shared files of the dialects, and by one dialect's door.
  endpoints: ['dialects', ...leaves],
  dialects: leaves,
  billing: ['storage', ...leaves],
  users: ['storage', ...leaves],
  catalog: ['storage', ...leaves],
  settings: ['storage', ...leaves],
  // Secrets keep their canary and their own key in the store, so the store cannot know secrets.
  secrets: ['storage', 'errors', 'config'],
  storage: ['errors', 'config'],
  config: ['errors'],
  errors: [],
}

/** The browser side, left to right: a folder imports only what stands further right, or itself. */
const browserRooms = ['pages', 'components', 'composables', 'stores', 'i18n']
const browserEntries = ['plugins', 'middleware', 'app.vue', 'error.vue', 'app.config.ts', 'layouts']

const mayHoldRuntime = /^server\/(?:api|utils|plugins|routes)\/|^server\/gateway\/define-relay\.ts$|^server\/entry\.ts$|^server\/runtime\.ts$/
const aliases: [RegExp, string][] = [[/^#server(?=\/|$)/, 'server'], [/^#shared(?=\/|$)/, 'shared'], [/^(?:~~|~|@@|@)(?=\/|$)/, '']]
const endings = ['', '.ts', '.vue', '.mjs', '.js', '.json', '.d.ts', '/index.ts']

/** Direction of every import of one file, and whether it leads anywhere. */
export function checkImports(source: Source, exists = isFile): Finding[] {
  return importsOf(source).flatMap(({ specifier, line }) => {
    const target = pathOf(source.path, specifier)
    if (target === undefined) return []
    const resolved = endings.map(ending => target + ending).find(exists)
    const wrong = resolved === undefined && !specifier.includes('*')
      ? { wrong: `${specifier} leads to no file`, cure: 'correct the path, or write the file' }
      : judge(source.path, resolved ?? target, specifier)
    return wrong ? [{ path: source.path, line, ...wrong }] : []
  })
}

/** Path from the root, or undefined for a package. A query such as `?raw` says how to load a file, not which one. */
function pathOf(from: string, specifier: string): string | undefined {
  const plain = specifier.replace(/\?.*$/, '')
  if (plain.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), plain))
  const alias = aliases.find(([pattern]) => pattern.test(plain))
  return alias ? posix.normalize(plain.replace(alias[0], alias[1]).replace(/^\//, '')) : undefined
}

function isFile(path: string): boolean {
  const full = posix.join(root, path)
  return existsSync(full) && statSync(full).isFile()
}

type Verdict = Pick<Finding, 'wrong' | 'cure'> | undefined

function judge(from: string, to: string, specifier: string): Verdict {
  const [side = ''] = from.split('/')
  const wrong = `imports ${specifier}`
  if (side === 'tests' || side === 'scripts' || side === 'bench' || side === 'presets' || side === 'build') return undefined
  if (side === 'sandbox') return to.startsWith('sandbox/') ? undefined : { wrong, cure: 'the sandbox stands alone, so that it can never share a mistake with what it is tested against' }
  if (/^(?:tests|sandbox|scripts|bench)\//.test(to)) return { wrong, cure: 'the product never imports its tools: move what it needs into a room' }
  if (side === 'shared') return to.startsWith('shared/') ? undefined : { wrong, cure: 'shared/ is what both sides agree on: it imports only shared/' }
  if (side === 'server') return judgeServer(from, to, wrong)
  return judgeBrowser(from, to, wrong)
}

function judgeServer(from: string, to: string, wrong: string): Verdict {
  if (to.startsWith('shared/') || to === 'package.json') return undefined
  if (!to.startsWith('server/')) return { wrong, cure: 'the server never imports the browser side: move what both need to shared/' }
  const own = roomOf(from)
  const other = roomOf(to)
  if (other === 'runtime') return mayHoldRuntime.test(from) ? undefined : { wrong, cure: 'take what you need as a parameter: only handlers, plugins and define-relay hold the runtime' }
  if (!(own in serverRooms)) return { wrong: `${wrong}, but server/${own} is a room nobody knows`, cure: 'say in tests/tidy/rooms.ts what it may import, or put the file into an existing room' }
  if (own === other) return own === 'dialects' ? judgeDialect(from, to, wrong) : undefined
  if (!serverRooms[own]?.includes(other)) return { wrong, cure: `server/${own} may import ${listOf(serverRooms[own] ?? [])} and shared/: let the caller pass what it needs` }
  if (isInside(to)) return { wrong, cure: `that is the inside of server/${other}: import a file at the top of that room` }
  return undefined
}

const listOf = (rooms: string[]): string => rooms.join(', ') || 'no other room'
const roomOf = (path: string): string => (path.split('/')[1] ?? '').replace(/\.ts$/, '')

/** Below the top of a room. An `index.ts` is the door of its folder, everything beside it is inside. */
function isInside(path: string): boolean {
  const depth = path.split('/').length
  return depth > 4 || (depth === 4 && !path.endsWith('/index.ts'))
}

/** A dialect sees itself and the port; only the index sees all dialects. */
function judgeDialect(from: string, to: string, wrong: string): Verdict {
  const own = dialectOf(from)
  const other = dialectOf(to)
  if (own === undefined) return other === undefined || from === 'server/dialects/index.ts' ? undefined : { wrong, cure: 'only server/dialects/index.ts knows the dialects there are' }
  if (other === own) return undefined
  if (other !== undefined) return { wrong, cure: `a dialect never imports another: what ${own} and ${other} share belongs into a file beside neutral.ts` }
  return to === 'server/dialects/index.ts' ? { wrong, cure: 'the index imports the dialects, not the other way round' } : undefined
}

function dialectOf(path: string): string | undefined {
  const [, , name, inside] = path.split('/')
  return inside === undefined ? undefined : name
}

function judgeBrowser(from: string, to: string, wrong: string): Verdict {
  if (to.startsWith('server/')) return { wrong, cure: 'the browser side never imports server code, types neither: put the shape into shared/ and ask /api' }
  const [own = ''] = from.split('/')
  const [other = ''] = to.split('/')
  const ownRank = browserRooms.indexOf(own)
  const otherRank = browserRooms.indexOf(other)
  if (browserEntries.includes(other) && own !== other && ownRank !== -1) return { wrong, cure: `nothing in ${own}/ imports ${other}` }
  if (ownRank === -1 || otherRank === -1 || otherRank >= ownRank) return undefined
  // Stores and composables are one layer: a store may fetch, a composable may remember.
  if (own === 'stores' && other === 'composables') return undefined
  return { wrong, cure: `${browserRooms.join(' → ')}: move it to the right, or hand it over as a prop` }
}

/** Every dialect is made of the same files, so that whoever knows one finds his way in all. */
export function checkDialectFolders(files: string[]): Finding[] {
  const inside = new Map<string, Set<string>>()
  for (const file of files) {
    const [, name, rest] = /^server\/dialects\/([^/]+)\/(.+)$/.exec(file) ?? []
    if (name && rest) inside.set(name, (inside.get(name) ?? new Set()).add(rest))
  }
  const all = [...new Set([...inside.values()].flatMap(names => [...names]))].sort()
  return [...inside].flatMap(([dialect, names]) => all.filter(name => !names.has(name)).map(name => ({
    path: `server/dialects/${dialect}/${name}`,
    line: 1,
    wrong: 'is missing, but another dialect has it',
    cure: 'give every dialect the same files, or move what only one has into one of them',
  })))
}
