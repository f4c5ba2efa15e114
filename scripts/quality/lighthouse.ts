/** Lighthouse, installed apart from the shop's own packages and driven over the port of a browser that runs already. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../sources.ts'

const source = join(root, 'scripts/quality/tool')
const home = join(root, '.data/quality')
const files = ['package.json', 'package-lock.json']

export type Preset = 'desktop' | 'mobile'

/** The part of its report that is read here; scores are 0 to 1. */
export interface LighthouseReport {
  lighthouseVersion: string
  finalDisplayedUrl: string
  environment: { benchmarkIndex: number }
  runtimeError?: { message: string }
  runWarnings: string[]
  categories: Record<string, { score: number | null, auditRefs: { id: string, weight: number, group?: string }[] }>
  audits: Record<string, LighthouseAudit>
}

export interface LighthouseAudit {
  title: string
  score: number | null
  scoreDisplayMode: string
  numericValue?: number
  details?: { items?: Record<string, unknown>[] }
}

interface LighthouseModule {
  default: (url: string, flags: Record<string, unknown>, config: unknown) => Promise<{ lhr: LighthouseReport } | undefined>
  defaultConfig: unknown
  desktopConfig: unknown
}

export type Lighthouse = Awaited<ReturnType<typeof loadLighthouse>>

/** Ready to measure by a browser that listens on `port`; the first time it is installed as the lock file says. */
export async function loadLighthouse(port: number, say: (line: string) => void) {
  install(say)
  const tool = await import(pathToFileURL(join(home, 'node_modules/lighthouse/core/index.js')).href) as LighthouseModule

  /** One load of a page with an empty cache and the browser's present cookies. Throws when the page could not be measured. */
  return async (url: string, preset: Preset): Promise<LighthouseReport> => {
    const result = await tool.default(url, { port, logLevel: 'error', output: 'json', enableErrorReporting: false }, preset === 'desktop' ? tool.desktopConfig : tool.defaultConfig)
    if (!result) throw new Error(`Lighthouse said nothing about ${url}.`)
    if (result.lhr.runtimeError) throw new Error(`${url}: ${result.lhr.runtimeError.message}`)
    if (result.lhr.finalDisplayedUrl !== url) throw new Error(`${url} led to ${result.lhr.finalDisplayedUrl}.`)
    return result.lhr
  }
}

function install(say: (line: string) => void): void {
  const fresh = existsSync(join(home, 'node_modules/lighthouse')) && files.every(file => existsSync(join(home, file)) && readFileSync(join(home, file)).equals(readFileSync(join(source, file))))
  if (fresh) return
  say('Installing Lighthouse into .data/quality …')
  mkdirSync(home, { recursive: true })
  for (const file of files) copyFileSync(join(source, file), join(home, file))
  const { status, stdout, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: home, encoding: 'utf8', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`Lighthouse could not be installed.\n${stdout}${stderr}`)
}
