/** Bundles a benchmark of this folder and runs it: `node bench/run.ts store-list`. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bundleChild } from '../tests/support/bundle.ts'

const name = process.argv[2]
if (!name) throw new Error('say which benchmark: node bench/run.ts store-list')
const program = await bundleChild(fileURLToPath(new URL(`${name}.ts`, import.meta.url)))
spawn(process.execPath, ['--expose-gc', program, ...process.argv.slice(3)], { stdio: 'inherit' })
  .on('exit', (code) => { process.exitCode = code ?? 1 })
