/** What one page scores: five loads of it, and of each figure the one in the middle. */
import type { LighthouseReport, Preset } from './lighthouse.ts'

export type Who = 'visitor' | 'user' | 'admin'

export interface Target {
  path: string
  who: Who
  preset: Preset
}

/** From this score on Lighthouse itself calls an audit passed. */
const PASSED = 0.9

const categories = ['performance', 'accessibility', 'best-practices', 'seo'] as const
export type Category = typeof categories[number]

export interface Figures {
  /** 0 to 100. Search engines see nothing of a page behind the sign-in, so that has no score for `seo`. */
  scores: Partial<Record<Category, number>>
  /** Milliseconds. */
  fcp: number
  lcp: number
  tbt: number
  /** Cumulative layout shift, without a unit. */
  cls: number
  /** Bytes on the wire, packed and with their headers. */
  html: number
  script: number
  style: number
  /** Lighthouse's own index of how fast the machine was just then; more is faster. */
  machine: number
}

export interface Measured extends Target {
  figures: Figures
  /** Titles of the audits that were not passed in the last load. */
  complaints: string[]
}

const open: Target[] = ['/', '/models', '/status', '/docs', '/login'].map(path => ({ path, who: 'visitor', preset: 'desktop' }))
const mobile: Target[] = ['/', '/models'].map(path => ({ path, who: 'visitor', preset: 'mobile' }))
const own: Target[] = ['/console', '/console/keys', '/console/requests', '/console/wallet'].map(path => ({ path, who: 'user', preset: 'desktop' }))
const shop: Target[] = ['/admin', '/admin/channels', '/admin/models', '/admin/requests'].map(path => ({ path, who: 'admin', preset: 'desktop' }))

/** Grouped by who reads them, so that he signs in once. */
export const targets: Target[] = [...open, ...mobile, ...own, ...shop]

/** The least score, 0 to 100. */
export function goalOf(preset: Preset, category: Category): number {
  return preset === 'mobile' && category === 'performance' ? 80 : 95
}

export function missedGoals({ preset, path, figures }: Measured): string[] {
  return categories.flatMap((category) => {
    const score = figures.scores[category]
    const goal = goalOf(preset, category)
    return score !== undefined && score < goal ? [`${path} (${preset}): ${category} ${score}, wanted ${goal}`] : []
  })
}

/** Throws for an empty list. */
export function summarise(target: Target, reports: LighthouseReport[]): Measured {
  const all = reports.map(report => figuresOf(report, isListed(target)))
  const [first] = all
  const last = reports.at(-1)
  if (!first || !last) throw new Error(`${target.path} was never measured.`)
  const middle = (pick: (figures: Figures) => number): number => median(all.map(pick))
  const scores = Object.fromEntries(Object.keys(first.scores).map(name => [name, middle(({ scores }) => scores[name as Category] ?? 0)]))
  return {
    ...target,
    figures: { scores, fcp: middle(f => f.fcp), lcp: middle(f => f.lcp), tbt: middle(f => f.tbt), cls: middle(f => f.cls), html: middle(f => f.html), script: middle(f => f.script), style: middle(f => f.style), machine: middle(f => f.machine) },
    complaints: complaintsOf(last, isListed(target)),
  }
}

/** Whether search engines may list the page. */
const isListed = ({ path, who }: Target): boolean => who === 'visitor' && path !== '/login'

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}

function figuresOf(report: LighthouseReport, listed: boolean): Figures {
  const value = (id: string): number => report.audits[id]?.numericValue ?? Number.NaN
  const scores = Object.fromEntries(counted(listed).map(name => [name, Math.round((report.categories[name]?.score ?? 0) * 100)]))
  return {
    scores,
    fcp: value('first-contentful-paint'),
    lcp: value('largest-contentful-paint'),
    tbt: value('total-blocking-time'),
    cls: value('cumulative-layout-shift'),
    html: sent(report, 'Document'),
    script: sent(report, 'Script'),
    style: sent(report, 'Stylesheet'),
    machine: report.environment.benchmarkIndex,
  }
}

function counted(listed: boolean): Category[] {
  return categories.filter(name => listed || name !== 'seo')
}

function sent(report: LighthouseReport, type: string): number {
  const requests = report.audits['network-requests']?.details?.items ?? []
  return requests.filter(({ resourceType }) => resourceType === type).reduce((sum, { transferSize }) => sum + Number(transferSize), 0)
}

/** Figures stand in the table; the rest are findings one can do something about. */
function complaintsOf(report: LighthouseReport, listed: boolean): string[] {
  const refs = counted(listed).flatMap(name => report.categories[name]?.auditRefs ?? [])
  const ids = new Set(refs.filter(({ group }) => group !== 'metrics' && group !== 'hidden').map(({ id }) => id))
  return [...ids].flatMap((id) => {
    const audit = report.audits[id]
    const judged = audit && audit.score !== null && !['informative', 'notApplicable', 'manual'].includes(audit.scoreDisplayMode)
    return judged && (audit.score ?? 1) < PASSED ? [audit.title.replace(/\.$/, '')] : []
  })
}
