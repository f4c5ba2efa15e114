/**
 * `npm run fixture -- [--store sqlite:.data/fixture/vapor.db] [--scale full|small] [--seed 1]` fills an empty store with a
 * shop that has been open for months: to see pages full, and to measure them. docs/fixture.md tells what is in it.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bundleChild } from '../tests/support/bundle.ts'

const program = await bundleChild(fileURLToPath(new URL('./fixture/main.ts', import.meta.url)))
spawn(process.execPath, [program, ...process.argv.slice(2)], { stdio: 'inherit' }).on('exit', (code) => { process.exitCode = code ?? 1 })
