/**
 * `npm run deploy:edgeone`: runs the platform's own CLI inside `dist-edgeone/`. It is loaded by npx when it is needed: with
 * all it brings along it weighs 250 MB.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { plainEnv } from './edgeone/build.ts'
import { root } from './sources.ts'

const CLI = 'edgeone@1.4.9'
const folder = join(root, 'dist-edgeone')

function fail(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}

if (!existsSync(join(folder, 'edgeone.json'))) fail('There is no dist-edgeone/ yet. Build it first: npm run build:edgeone')
// Linked, the CLI gives the edge function the variables of the project; not linked it would have none.
if (!existsSync(join(folder, '.edgeone/project.json')))
  fail(`dist-edgeone/ is not linked to a project yet. Once, and then again:\n  cd dist-edgeone && npx ${CLI} login && npx ${CLI} pages link`)

const { status } = spawnSync('npx', ['--yes', CLI, 'pages', 'deploy', ...process.argv.slice(2)], { cwd: folder, stdio: 'inherit', env: plainEnv() })
// The CLI has written the variables of the project, secrets among them, into its bundle of the edge function.
rmSync(join(folder, '.edgeone/edge-functions'), { recursive: true, force: true })
process.exitCode = status ?? 1
