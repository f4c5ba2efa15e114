/** `npm run build:edgeone`: builds Vapor for EdgeOne Pages into `dist-edgeone/` (`docs/edgeone.md`). */
import { join } from 'node:path'
import { buildEdgeOne } from './edgeone/build.ts'
import { root } from './sources.ts'

const target = join(root, 'dist-edgeone')
await buildEdgeOne('.nuxt-edgeone', target)
console.log(`Built ${target}. Deploy it with: npm run deploy:edgeone`)
