import { fileURLToPath } from 'node:url'
import type { Nuxt } from 'nuxt/schema'
import { threadSource } from './build/thread-source.ts'

// One build serves every suite: it goes beside the development build, so both can exist.
const buildDir = process.env.NUXT_BUILD_DIR
// Set by scripts/build-edgeone.ts.
const forEdgeOne = process.env.VAPOR_PRESET === 'edgeone'

/**
 * The client build drops `onServerPrefetch`, by which @nuxt/icon makes each icon a boundary of `useId`: the browser then
 * counts other ids than the server, and the labels of a form that came with the page lead to no field.
 */
function keepIdsAlike(_: unknown, nuxt: Nuxt): void {
  const { client } = nuxt.options.optimization.treeShake.composables
  client['vue'] = (client['vue'] ?? []).filter(name => name !== 'onServerPrefetch')
}

export default defineNuxtConfig({
  srcDir: '.',
  ...(buildDir ? { buildDir } : {}),
  compatibilityDate: '2026-11-01',
  modules: ['@nuxt/ui', '@pinia/nuxt', '@nuxt/eslint', keepIdsAlike],
  css: ['~/assets/css/main.css'],
  telemetry: false,
  devtools: { enabled: false },
  ui: { fonts: false },
  icon: { provider: 'server', serverBundle: 'local', fallbackToApi: false, clientBundle: { scan: true } },
  // Tests, tools and servers beside the app are not pages: nothing in them is scanned or watched.
  ignore: ['sandbox/**', 'bench/**', 'tests/**', 'scripts/**', 'presets/**', 'docs/**'],
  imports: { dirs: ['stores', 'shared/utils'] },
  nitro: {
    sourceMap: false,
    // Younger than the bundler's list of what Node brings along.
    rollupConfig: { external: ['node:sqlite'], plugins: [threadSource()] },
    // EdgeOne Pages runs Node 20.
    esbuild: { options: { target: forEdgeOne ? 'es2022' : 'es2024' } },
    ...(forEdgeOne ? { preset: './presets/edgeone' } : {}),
    ...(buildDir && !forEdgeOne ? { output: { dir: `${buildDir}/output` } } : {}),
  },
  hooks: {
    // Listens and stops the way a balancer needs it; other presets bring their own way in.
    'nitro:init': (nitro) => {
      // The platform's own adapter builds into this folder; it corrupts bodies and sends upstream calls again.
      if (/[\\/]\.edgeone(?:[\\/]|$)/.test(nitro.options.output.dir)) throw new Error('Vapor is built for EdgeOne Pages by its own preset: run npm run build:edgeone and deploy the folder dist-edgeone (docs/edgeone.md).')
      if (nitro.options.preset === 'node-server' && !forEdgeOne) nitro.options.entry = fileURLToPath(new URL('./server/entry.ts', import.meta.url))
    },
  },
  eslint: { config: { stylistic: { braceStyle: 'stroustrup', quoteProps: 'consistent' } } },
  // Beside the usual folders of builds: its scripts are nobody's sources.
  typescript: { strict: true, tsConfig: { exclude: ['../dist-edgeone'] } },
})
