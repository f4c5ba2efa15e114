/**
 * `import source from './thread.ts?thread-source'` gives the text of a worker thread's program, with all it imports:
 * `new Worker(source, { eval: true })`. Server bundlers leave the entries of workers alone, and a text needs no file
 * beside the bundle.
 */
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Plugin as EsbuildPlugin } from 'esbuild'

const SUFFIX = '?thread-source'
const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The import aliases of the project, for bundlers that do not know them. */
export const aliases = { '#server': resolve(ROOT, 'server'), '#shared': resolve(ROOT, 'shared') }

interface LoadContext {
  addWatchFile(file: string): void
}

/** For rollup and vite. */
export function threadSource() {
  return {
    name: 'thread-source',
    enforce: 'pre' as const,
    resolveId(request: string, importer?: string) {
      // The id ends in .js, or plugins for TypeScript would want to have a look at it.
      return request.endsWith(SUFFIX) ? `\0thread-source:${locate(request, dirname(importer ?? ROOT))}.js` : null
    },
    async load(this: LoadContext, id: string) {
      if (!id.startsWith('\0thread-source:')) return null
      const bundle = await bundleThread(id.slice('\0thread-source:'.length, -'.js'.length))
      for (const file of bundle.files) this.addWatchFile(file)
      return { code: `export default ${JSON.stringify(bundle.text)}`, map: null, moduleSideEffects: false }
    },
  }
}

/** The same for esbuild. */
export function esbuildThreadSource(): EsbuildPlugin {
  return {
    name: 'thread-source',
    setup(builder) {
      builder.onResolve({ filter: /\?thread-source$/ }, ({ path, resolveDir }) => ({ path: locate(path, resolveDir), namespace: 'thread-source' }))
      builder.onLoad({ filter: /./, namespace: 'thread-source' }, async ({ path }) => {
        const bundle = await bundleThread(path)
        return { contents: bundle.text, loader: 'text', watchFiles: bundle.files }
      })
    },
  }
}

function locate(request: string, from: string): string {
  const path = request.slice(0, -SUFFIX.length)
  for (const [alias, folder] of Object.entries(aliases)) {
    if (path.startsWith(`${alias}/`)) return resolve(folder, path.slice(alias.length + 1))
  }
  return resolve(from, path)
}

async function bundleThread(entry: string): Promise<{ text: string, files: string[] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    alias: aliases,
    logLevel: 'silent',
  })
  return { text: outputFiles[0]!.text, files: Object.keys(metafile.inputs).map(file => resolve(ROOT, file)) }
}
