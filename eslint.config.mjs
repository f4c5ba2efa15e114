import withNuxt from './.nuxt/eslint.config.mjs'

// Layout is the linter's; sizes of functions, directions of imports and bans with their cure are tests/tidy.test.ts.
const everySource = ['**/*.{ts,mts,mjs,js,vue}']
const browserSide = ['app.vue', 'error.vue', 'app.config.ts', '{pages,components,composables,stores,plugins,middleware,utils}/**']

export default withNuxt(
  { ignores: ['dist*/**', 'coverage/**', '**/fixtures/**', 'bench/peers/**'] },
  {
    files: everySource,
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
      // `void | Promise<void>` says: may be awaited.
      '@typescript-eslint/no-invalid-void-type': 'off',
      'no-var': 'error',
      'prefer-const': 'error',
      'eqeqeq': ['error', 'always', { null: 'ignore' }],
      'no-constant-condition': ['error', { checkLoops: false }],
      // `if (!ready) return` on one line is house style, as are short guards in a row and assignments in an arrow.
      '@stylistic/max-statements-per-line': ['error', { max: 2 }],
      '@stylistic/operator-linebreak': ['error', 'before', { overrides: { '=': 'ignore' } }],
      // Long unions and the code inside template strings are laid out by hand.
      '@stylistic/indent': ['error', 2, { SwitchCase: 1, ignoredNodes: ['TemplateLiteral *', 'TSUnionType'] }],
      '@stylistic/indent-binary-ops': 'off',
      '@stylistic/multiline-ternary': 'off',
      // nuxt.config.ts is ordered by meaning, with a reason above each part.
      'nuxt/nuxt-config-keys-order': 'off',
    },
  },
  {
    files: everySource,
    ignores: ['tests/**', 'i18n/**'],
    rules: { 'max-lines': ['error', { max: 400 }] },
  },
  {
    files: ['tests/**'],
    rules: { '@typescript-eslint/no-dynamic-delete': 'off' },
  },
  {
    files: browserSide,
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [{ group: ['#server/*', '**/server/**'], message: 'The browser never sees server code: ask /api, or move what both sides need to shared/.' }],
      }],
    },
  },
  {
    files: ['server/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'Use randomInt or randomBytes of node:crypto.' }],
    },
  },
  {
    files: ['**/*.vue'],
    rules: {
      // File names say what a page is; Nuxt names pages index.vue and [id].vue.
      'vue/multi-word-component-names': 'off',
      'vue/no-v-html': 'error',
      // Where a tag breaks is decided by reading it, not by counting.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
    },
  },
)
