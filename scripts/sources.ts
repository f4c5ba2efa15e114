/** Knows which files a build is made of, so that nothing is built twice from the same sources. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

const folders = ['assets', 'build', 'components', 'composables', 'i18n', 'middleware', 'modules', 'pages', 'plugins', 'presets', 'public', 'server', 'shared', 'stores', 'utils']
const files = ['app.vue', 'app.config.ts', 'error.vue', 'nuxt.config.ts', 'package-lock.json', 'tsconfig.json']

/** Paths from the root, sorted. */
export function listSources(): string[] {
  return [...files.filter(file => existsSync(join(root, file))), ...folders.flatMap(listFolder)].sort()
}

function listFolder(folder: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length))
}

/** Short, the same for the same names and contents, whatever the clock says. */
export function hashSources(): string {
  const hash = createHash('sha256').update(process.version)
  for (const file of listSources()) hash.update(`\n${file}\n`).update(readFileSync(join(root, file)))
  return hash.digest('hex').slice(0, 16)
}

/** Milliseconds since 1970 of the last change to any source. */
export function newestSource(): number {
  return Math.max(...listSources().map(file => statSync(join(root, file)).mtimeMs))
}
