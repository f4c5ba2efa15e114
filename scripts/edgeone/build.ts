/** Builds the folder EdgeOne Pages takes. Nothing of the environment of whoever builds gets into it. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from '../sources.ts'

export const MAX_SECONDS = 120
/** What a build may know: where programs are and how to speak, nothing of the shop. */
const KEPT = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SYSTEMROOT', 'LANG', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS']
const FUNCTION = '.edgeone/cloud-functions/ssr-node'

export function plainEnv(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(KEPT.flatMap(name => process.env[name] === undefined ? [] : [[name, process.env[name]]])), ...more }
}

/** @param workDir a folder under the root for what is in between; @param target a folder that is replaced. */
export async function buildEdgeOne(workDir: string, target: string): Promise<void> {
  const result = spawnSync(process.execPath, ['node_modules/nuxt/bin/nuxt.mjs', 'build', '--logLevel', 'silent'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: plainEnv({ NODE_ENV: 'production', VAPOR_PRESET: 'edgeone', NUXT_BUILD_DIR: workDir, NUXT_TELEMETRY_DISABLED: '1' }),
  })
  if (result.status !== 0) throw new Error('The build failed.')
  const built = join(root, workDir, 'edgeone')
  const project = keepProject(target)
  rmSync(target, { recursive: true, force: true })
  cpSync(join(built, 'server'), join(target, FUNCTION), { recursive: true })
  cpSync(join(built, 'public'), join(target, 'assets'), { recursive: true })
  writeJson(join(target, FUNCTION, 'package.json'), { type: 'module' })
  writeJson(join(target, FUNCTION, 'config.json'), { version: 3, routes: [{ handle: 'filesystem' }, { src: '^/(.*)$' }] })
  await buildEdgeFunction(join(target, 'edge-functions/_kv/rpc.js'))
  // Without the word for Nuxt the platform does not think of building this itself.
  writeJson(join(target, 'package.json'), { name: 'vapor-edgeone', private: true, type: 'module' })
  writeJson(join(target, 'edgeone.json'), settings())
  if (project !== undefined) writeFileSync(join(target, '.edgeone/project.json'), project)
}

/** `edgeone pages link` keeps here which project the folder belongs to. */
function keepProject(target: string): string | undefined {
  const file = join(target, '.edgeone/project.json')
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function settings() {
  return {
    installCommand: 'echo Vapor needs nothing installed',
    buildCommand: 'echo Vapor is built already',
    outputDirectory: 'assets',
    cloudFunctions: { nodejs: { maxDuration: MAX_SECONDS } },
    schedules: [{ name: 'vapor-jobs', cron: '*/2 * * * *', path: '/api/cron', method: 'POST', timezone: 'UTC' }],
  }
}

/** One file in plain words: the platform looks for `onRequest` in it and bundles it once more. */
async function buildEdgeFunction(file: string): Promise<void> {
  mkdirSync(join(file, '..'), { recursive: true })
  await build({ entryPoints: [join(root, 'presets/edgeone/edge/kv.ts')], outfile: file, bundle: true, format: 'esm', platform: 'browser', target: 'es2020', logLevel: 'silent' })
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}
