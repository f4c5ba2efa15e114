/**
 * `npm run secrets:rotate`: encrypts every channel credential under the first secret of VAPOR_SECRET. Put the new secret
 * in front of the old one, stop the server, run this, then take the old one away.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bundleChild } from '../tests/support/bundle.ts'

const program = await bundleChild(fileURLToPath(new URL('./rotate/rotate.ts', import.meta.url)))
spawn(process.execPath, [program], { stdio: 'inherit' }).on('exit', (code) => { process.exitCode = code ?? 1 })
