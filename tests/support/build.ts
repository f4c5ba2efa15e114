/**
 * Builds the server once for all suites, and again only when its sources have changed. Builds go by the hash of their
 * sources, so a run never serves another run's build. `VAPOR_TEST_BUILD` names a finished one.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { hashSources, root } from '../../scripts/sources.ts'

const workDir = '.nuxt-test'
export const store = join(root, '.nuxt-test-builds')
const LOCK_STALE_MS = 10 * 60_000
const KEEP_MS = 60 * 60_000

/** The folder of a build that fits the sources; builds it when there is none. */
export async function ensureBuild(): Promise<string> {
  const given = process.env['VAPOR_TEST_BUILD']
  if (given) {
    if (!existsSync(join(given, 'server/index.mjs'))) throw new Error(`VAPOR_TEST_BUILD names ${given}, but there is no server/index.mjs in it.`)
    return given
  }
  const finished = join(store, hashSources())
  if (!isBuilt(finished)) {
    await locked(() => {
      if (!isBuilt(finished)) build(finished)
    })
  }
  utimesSync(finished, new Date(), new Date())
  process.env['VAPOR_TEST_BUILD'] = finished
  return finished
}

/** Vitest calls this before the suites that need the server. */
export default async function setup(): Promise<void> {
  await ensureBuild()
}

const isBuilt = (folder: string): boolean => existsSync(join(folder, 'server/index.mjs'))

function build(finished: string): void {
  const { VITEST: _vitest, TEST: _test, VITE: _vite, ...env } = process.env
  const result = spawnSync(process.execPath, ['node_modules/nuxt/bin/nuxt.mjs', 'build', '--logLevel', 'silent'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...env, NODE_ENV: 'production', NUXT_BUILD_DIR: workDir, NUXT_TELEMETRY_DISABLED: '1' },
  })
  if (result.status !== 0) throw new Error('The build failed; `npm run build` shows why.')
  forgetOldBuilds()
  renameSync(join(root, workDir, 'output'), finished)
}

/** Another run may still serve from a build that was used within the last hour. */
function forgetOldBuilds(): void {
  for (const name of readdirSync(store)) {
    const folder = join(store, name)
    if (name !== 'lock' && Date.now() - statSync(folder).mtimeMs > KEEP_MS) rmSync(folder, { recursive: true, force: true })
  }
}

/** Two runs at once would build into the same folder; the second waits and finds the first one's build. */
export async function locked(work: () => void | Promise<void>): Promise<void> {
  mkdirSync(store, { recursive: true })
  const lock = join(store, 'lock')
  for (;;) {
    try {
      mkdirSync(lock)
      break
    }
    catch {
      if (existsSync(lock) && Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS) rmSync(lock, { recursive: true, force: true })
      await new Promise(resolve => setTimeout(resolve, 250))
    }
  }
  try {
    await work()
  }
  finally {
    rmSync(lock, { recursive: true, force: true })
  }
}
