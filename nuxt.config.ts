import { fileURLToPath } from 'node:url'
import type { Nuxt } from 'nuxt/schema'
import { dialogHints } from './build/dialog-hints.ts'
import { lightApi } from './build/light-api.ts'
import { lightUi } from './build/light-ui.ts'
import { localeParts } from './build/locale-parts.ts'
import { frontSources, restIcons } from './build/rest-icons.ts'
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

/** Small modules of every front page. */
const FRONT_MODULES = /\/components\/ui\/(?:Site|Brand|Locale|CopyButton|PriceUnit|PriceTable|EmptyState|ListSkeleton|CodeBlock)|\/components\/(?:models\/ModelPrice|index\/Index(?:Hero|Status))|\/composables\/use-(?:format|api|own-price|price-unit|origin|copy|page-meta|snippets|public-links|service-tone|sign-in)\b|\/runtime\/components\/(?:Button|Container|FieldGroup|Skeleton|Link|LinkBase|Icon|Avatar|color-mode\/ColorModeButton)\.vue/

export default defineNuxtConfig({
  srcDir: '.',
  ...(buildDir ? { buildDir } : {}),
  compatibilityDate: '2026-11-01',
  modules: ['@nuxt/ui', '@pinia/nuxt', '@nuxt/eslint', keepIdsAlike],
  css: ['~/assets/css/main.css'],
  telemetry: false,
  devtools: { enabled: false },
  ui: { fonts: false },
  icon: { provider: 'server', serverBundle: 'local', fallbackToApi: false, clientBundle: { scan: { globInclude: frontSources, globExclude: ['node_modules'] } } },
  // Tests, tools and servers beside the app are not pages: nothing in them is scanned or watched.
  ignore: ['sandbox/**', 'bench/**', 'tests/**', 'scripts/**', 'presets/**', 'docs/**'],
  imports: { dirs: ['stores', 'shared/utils'] },
  nitro: {
    sourceMap: false,
    // Packed once, here; the platform packs by itself.
    compressPublicAssets: !forEdgeOne,
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
    'build:manifest': dialogHints,
    'vite:extendConfig': (config, { isClient }) => {
      if (!isClient) return
      config.plugins?.push(lightApi(), lightUi())
      // What the front pages are made of travels together: thirty crumbs of one kilobyte weigh more than they hold.
      Object.assign(config.build!.rollupOptions!.output!, { codeSplitting: { groups: [{ name: 'front', test: FRONT_MODULES }] } })
    },
  },
  eslint: { config: { stylistic: { braceStyle: 'stroustrup', quoteProps: 'consistent' } } },
  // Beside the usual folders of builds: its scripts are nobody's sources.
  typescript: { strict: true, tsConfig: { exclude: ['../dist-edgeone'] } },
  // Only what somebody is about to open is fetched ahead; and no page is made before somebody asks for it.
  experimental: { appManifest: false, payloadExtraction: false, defaults: { nuxtLink: { prefetchOn: { visibility: false, interaction: true } } } },
  vite: {
    plugins: [localeParts(), restIcons()],
    // Parts of vue-i18n nothing here uses: the old API, its developer tools, and the parser of texts, which come parsed.
    define: { __VUE_I18N_LEGACY_API__: 'false', __VUE_I18N_FULL_INSTALL__: 'false', __INTLIFY_PROD_DEVTOOLS__: 'false', __INTLIFY_DROP_MESSAGE_COMPILER__: 'true' },
  },
  // No component here or in the libraries is written in Vue's older way; test tools are, so it stays in their builds.
  $production: { vite: { vue: { features: { optionsAPI: false } } } },
})
