import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')

/** What only a server of one's own can do, and what stands in its place here. */
const replaced = new Map([
  ['server/config/platform.ts', 'server/config/platform.edgeone.ts'],
  ['server/gateway/upstream.node.ts', 'server/gateway/upstream.fetch.ts'],
  ['server/storage/local.ts', 'server/storage/local.edgeone.ts'],
].map(([from = '', to = '']) => [join(root, from), join(root, to)] as const))

interface ResolveContext {
  resolve(id: string, importer: string | undefined, options: { skipSelf: boolean }): Promise<{ id: string } | null>
}

function replaceForPlatform() {
  return {
    name: 'vapor-edgeone-replace',
    async resolveId(this: ResolveContext, id: string, importer: string | undefined) {
      if (!/platform|upstream|local/.test(id)) return null
      const found = await this.resolve(id, importer, { skipSelf: true })
      return found && replaced.has(resolve(found.id)) ? { id: replaced.get(resolve(found.id))! } : null
    },
  }
}

/** Packages come along here, with comments and circles that are their own affair. */
function onwarn(warning: { code?: string }, warn: (warning: unknown) => void): void {
  if (!['CIRCULAR_DEPENDENCY', 'EVAL', 'INVALID_ANNOTATION'].includes(warning.code ?? '')) warn(warning)
}

/**
 * Nitro's preset for EdgeOne Pages: one folder with everything in it, for Node 20, started by the platform's bootstrap.
 * `scripts/build-edgeone.ts` puts it where the platform looks for it.
 */
export default {
  extends: 'node-server',
  entry: join(here, 'entry.ts'),
  serveStatic: false,
  noExternals: true,
  output: { dir: '{{ buildDir }}/edgeone', serverDir: '{{ output.dir }}/server', publicDir: '{{ output.dir }}/public' },
  rollupConfig: { output: { entryFileNames: 'handler.js' }, plugins: [replaceForPlatform()], onwarn },
}
