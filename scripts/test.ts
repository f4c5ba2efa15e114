/**
 * `npm test`: everything a change must pass, step by step, stopping at the first red one.
 * `npm test -- unit flow` runs only those steps. The last line is always `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './sources.ts'

/** A suite is red when it takes longer than its share times this. */
const OVERRUN = 1.5
/** Property tests run this often in CI; `npm run test:long` asks for more and waits for it. */
const RUNS = Number(process.env['RUNS'] ?? 200)
/** For machines slower than two cores: `PATIENCE=3 npm test`. */
const PATIENCE = Number(process.env['PATIENCE'] ?? (RUNS > 200 ? 20 : 1))

interface Step {
  name: string
  command: string[]
  /** Folder of a vitest project; its counts are added up. */
  suite?: string
}

interface Result {
  name: string
  seconds: number
  share: number
  outcome: 'green' | 'red' | 'empty'
  passed: number
  failed: number
  why: string
}

const bin = (name: string): string => join(root, 'node_modules', name)
const buildOnce = 'import(\'./tests/support/build.ts\').then(({ ensureBuild }) => ensureBuild()).catch((error) => { console.error(error.message); process.exit(1) })'
const suite = (name: string): Step => ({ name, suite: `tests/${name}`, command: [bin('vitest/vitest.mjs'), 'run', '--project', name] })

const steps: Step[] = [
  { name: 'lint', command: [bin('eslint/bin/eslint.js'), '.'] },
  { name: 'typecheck', command: [bin('nuxt/bin/nuxt.mjs'), 'typecheck'] },
  { name: 'unused', command: [bin('knip/bin/knip.js')] },
  { name: 'build', command: ['--input-type=module', '-e', buildOnce] },
  suite('unit'),
  suite('contract'),
  suite('flow'),
  suite('pages'),
  suite('e2e'),
]

const budget: Record<string, number> = JSON.parse(readFileSync(join(root, 'tests/budget.json'), 'utf8'))
const reports = mkdtempSync(join(tmpdir(), 'vapor-reports-'))

async function run(step: Step): Promise<Result> {
  const share = (budget[step.name] ?? 60) * PATIENCE
  const result: Result = { name: step.name, seconds: 0, share, outcome: 'green', passed: 0, failed: 0, why: '' }
  if (step.suite && !hasTests(step.suite)) return { ...result, outcome: 'empty', why: 'no test files' }
  const report = join(reports, `${step.name}.json`)
  const command = step.suite ? [...step.command, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : step.command

  console.log(`\n── ${step.name} ${'─'.repeat(Math.max(0, 60 - step.name.length))}`)
  const start = performance.now()
  const { code, overrun } = await runChild(command, share * OVERRUN * 1000)
  result.seconds = (performance.now() - start) / 1000

  if (step.suite && existsSync(report)) Object.assign(result, countsOf(report))
  if (overrun) result.why = `took longer than ${OVERRUN} × its share of ${share} s (tests/budget.json)`
  else if (code !== 0) result.why = result.failed > 0 ? `${result.failed} failed` : `ended with ${code}`
  else if (step.suite && result.passed === 0) result.why = 'ran no test'
  if (result.why) return { ...result, outcome: 'red', failed: Math.max(1, result.failed) }
  console.log(`${step.name}: ${result.seconds.toFixed(1)} s`)
  return result
}

function hasTests(folder: string): boolean {
  const path = join(root, folder)
  return existsSync(path) && readdirSync(path, { recursive: true, encoding: 'utf8' }).some(name => name.endsWith('.test.ts'))
}

function countsOf(report: string): { passed: number, failed: number } {
  const counts: { numPassedTests: number, numFailedTests: number } = JSON.parse(readFileSync(report, 'utf8'))
  return { passed: counts.numPassedTests, failed: counts.numFailedTests }
}

let running: ChildProcess | undefined

/** A step gets a process group of its own, so that what it leaves behind ends with it. */
function runChild(command: string[], limitMs: number): Promise<{ code: number | string, overrun: boolean }> {
  return new Promise((resolve) => {
    let overrun = false
    const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], detached: true, env: { ...process.env, RUNS: String(RUNS) } })
    running = child
    const timer = setTimeout(() => {
      overrun = true
      endGroup(child, 'SIGKILL')
    }, limitMs)
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      endGroup(child, 'SIGTERM')
      resolve({ code: code ?? signal ?? 1, overrun })
    })
  })
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid) process.kill(-child.pid, signal)
  }
  catch { /* The group is gone already. */ }
}

function printTable(results: Result[]): void {
  const mark = { green: 'ok', red: 'RED', empty: '–' }
  console.log(`\n${'step'.padEnd(12)}${''.padEnd(6)}${'time'.padStart(9)}${'share'.padStart(9)}${'tests'.padStart(8)}`)
  for (const { name, outcome, seconds, share, passed, failed, why } of results) {
    const tests = passed + failed > 0 ? String(passed + failed) : ''
    console.log(`${name.padEnd(12)}${mark[outcome].padEnd(6)}${`${seconds.toFixed(1)} s`.padStart(9)}${`${share} s`.padStart(9)}${tests.padStart(8)}  ${why}`.trimEnd())
  }
}

async function main(): Promise<void> {
  const asked = process.argv.slice(2)
  const unknown = asked.filter(name => !steps.some(step => step.name === name))
  if (unknown.length > 0) throw new Error(`There is no step ${unknown.join(', ')}; there are ${steps.map(step => step.name).join(', ')}.`)

  const results: Result[] = []
  for (const step of steps.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
    results.push(await run(step))
    if (results.at(-1)?.outcome === 'red') break
  }
  const red = results.find(result => result.outcome === 'red')
  const sum = (count: 'passed' | 'failed' | 'seconds') => results.reduce((total, result) => total + result[count], 0)
  printTable(results)
  console.log(`\n${red ? `Stopped at ${red.name}: ${red.why}. Again: npm test -- ${red.name}` : `All green in ${(sum('seconds') / 60).toFixed(1)} min.`}`)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  process.exitCode = red ? 1 : 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    if (running) endGroup(running, 'SIGTERM')
    process.exit(130)
  })
}

try {
  await main()
}
catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.log('0 passed, 1 failed')
  process.exitCode = 1
}
finally {
  rmSync(reports, { recursive: true, force: true })
}
