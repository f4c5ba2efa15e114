/** What axe-core finds wrong with a page for people who see, hear or move differently. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { NodeResult, RunOptions } from 'axe-core'
import type axe from 'axe-core'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/** What may differ between a light and a dark page. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block']

export interface Fault {
  rule: string
  impact: string
  /** Selectors and what is wrong there. */
  where: string[]
}

/** What stands above a page: dialogs, menus, lists to choose from. */
const LAYERS = '[role=dialog], [role=menu], [role=listbox]'
/** Rules about a page as a whole. A layer stands beside the landmarks of the page, which it hides: these have nothing to say about it. */
const PAGE_RULES = ['region', 'landmark-one-main', 'page-has-heading-one']
/** Faults of the libraries, in their own markup. */
const theirs = [
  { rule: 'aria-required-children', at: /^#reka-combobox-content/, why: 'a list one can type in holds its field and its scroll area, where only options may be' },
]

/**
 * Faults of the page, or of what is open above it; by all rules, or by those about colours. Waits until nothing moves:
 * what fades has the contrast of neither end.
 */
export async function findFaults(page: Page, by: 'everything' | 'colours'): Promise<Fault[]> {
  await standsStill(page)
  // Through the debugger, so that the page keeps its policy against foreign scripts.
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(source)
  const layered = await page.locator(LAYERS).count() > 0
  const options: RunOptions = {
    runOnly: by === 'everything' ? { type: 'tag', values: TAGS } : { type: 'rule', values: COLOUR_RULES },
    rules: layered && by === 'everything' ? Object.fromEntries(PAGE_RULES.map(rule => [rule, { enabled: false }])) : {},
    resultTypes: ['violations'],
    preload: false,
  }
  const { violations } = await page.evaluate(([scope, options]) => (window as unknown as { axe: typeof axe }).axe.run(scope, options), [layered ? LAYERS : 'html', options] as const)
  return violations.flatMap(({ id, impact, nodes }) => {
    const ours = nodes.filter(({ target }) => !theirs.some(({ rule, at }) => rule === id && at.test(target.join(' '))))
    return ours.length === 0 ? [] : [{ rule: id, impact: impact ?? 'minor', where: ours.slice(0, 4).map(describeNode) }]
  })
}

function describeNode({ target, html, any, all, none }: NodeResult): string {
  return `${target.join(' ')} | ${html.slice(0, 160)} | ${[...any, ...all, ...none].map(check => check.message).join('; ').slice(0, 160)}`
}

async function standsStill(page: Page): Promise<void> {
  await page.waitForFunction(() => document.getAnimations().every(animation => animation.playState !== 'running' || animation.effect?.getTiming().iterations === Infinity))
}
