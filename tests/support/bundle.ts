import { createHash } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { aliases, esbuildThreadSource } from '../../build/thread-source.ts'

/** Test runners end their processes without a goodbye, so bundles are kept by content here instead of removed. */
const folder = fileURLToPath(new URL('../../node_modules/.cache/vapor-children/', import.meta.url))
const bundles = new Map<string, Promise<string>>()

/** Bundles a program for a process of its own, with everything it imports; answers the path of the `.mjs`. */
export function bundleChild(entry: string): Promise<string> {
  const bundle = bundles.get(entry) ?? bundleEntry(entry)
  bundles.set(entry, bundle)
  return bundle
}

async function bundleEntry(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    sourcemap: 'inline',
    alias: aliases,
    plugins: [esbuildThreadSource()],
    // Packages in CommonJS that are bundled along still call require.
    banner: { js: 'import { createRequire as makeRequire } from \'node:module\'\nconst require = makeRequire(import.meta.url)' },
    logLevel: 'silent',
  })
  const program = outputFiles[0]!.contents
  const file = join(folder, `${basename(entry, '.ts')}-${createHash('sha256').update(program).digest('hex').slice(0, 16)}.mjs`)
  mkdirSync(folder, { recursive: true })
  // Another test may write the same file now: each finds a whole one.
  writeFileSync(`${file}.${process.pid}`, program)
  renameSync(`${file}.${process.pid}`, file)
  return file
}
