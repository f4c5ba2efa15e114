import { fileURLToPath } from 'node:url'
import { defineVitestProject } from '@nuxt/test-utils/config'
import type { TestProjectInlineConfiguration } from 'vitest/config'
import { defineConfig } from 'vitest/config'
import { threadSource } from './build/thread-source.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const alias = { '#server': here('./server'), '#shared': here('./shared'), '~~': here('.'), '~': here('.') }

interface Suite {
  include: string[]
  timeout: number
  /** Files one after another: these suites start servers and browsers, and would starve each other. */
  serial?: boolean
  /** Needs the built server. */
  built?: boolean
  /** How often a failed test may try again, which the report then says: a browser has moods of its own. */
  retry?: number
}

const suites: Record<string, Suite> = {
  unit: { include: ['tests/unit/**/*.test.ts', 'tests/tidy.test.ts'], timeout: 20_000 },
  contract: { include: ['tests/contract/**/*.test.ts'], timeout: 60_000 },
  flow: { include: ['tests/flow/**/*.test.ts'], timeout: 60_000, serial: true, built: true },
  /** Recorded traffic from outside the repository (`VAPOR_CORPUS`): no step of `npm test`. */
  corpus: { include: ['tests/corpus/**/*.test.ts'], timeout: 120_000, serial: true },
  e2e: { include: ['tests/e2e/**/*.test.ts'], timeout: 90_000, serial: true, built: true, retry: 1 },
}

function node(name: string, { include, timeout, serial, built, retry }: Suite): TestProjectInlineConfiguration {
  return {
    plugins: [threadSource()],
    resolve: { alias },
    test: {
      name,
      include,
      environment: 'node',
      testTimeout: timeout,
      hookTimeout: timeout,
      fileParallelism: !serial,
      ...(retry ? { retry } : {}),
      // Servers and browsers answer when the machine lets them.
      ...(built ? { globalSetup: ['./tests/support/build.ts'], expect: { poll: { timeout: 15_000 } } } : {}),
    },
  }
}

/** Loading Nuxt takes seconds, so `--project unit` goes without. */
async function pages(): Promise<TestProjectInlineConfiguration[]> {
  const asked = process.argv.flatMap((word, index, words) => word === '--project' ? [words[index + 1]] : word.startsWith('--project=') ? [word.slice('--project='.length)] : [])
  if (asked.length > 0 && !asked.includes('pages')) return []
  return [await defineVitestProject({
    test: {
      name: 'pages',
      include: ['tests/pages/**/*.test.ts'],
      environment: 'nuxt',
      // A build folder of its own, so that `npm run dev` may go on meanwhile.
      environmentOptions: { nuxt: { domEnvironment: 'happy-dom', overrides: { buildDir: '.nuxt-pages' } } },
      testTimeout: 30_000,
      hookTimeout: 60_000,
    },
  })]
}

export default defineConfig(async () => ({
  test: {
    projects: [...Object.entries(suites).map(([name, suite]) => node(name, suite)), ...await pages()],
  },
}))
