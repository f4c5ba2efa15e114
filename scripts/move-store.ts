/**
 * `npm run store:export -- <file>` writes the store VAPOR_STORE names to a file; `npm run store:import -- <file>` fills an
 * empty one from it. Stop every server of the shop first. Both check the books and say what they found.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bundleChild } from '../tests/support/bundle.ts'

const program = await bundleChild(fileURLToPath(new URL('./move/move.ts', import.meta.url)))
spawn(process.execPath, [program, ...process.argv.slice(2)], { stdio: 'inherit' }).on('exit', (code) => { process.exitCode = code ?? 1 })
