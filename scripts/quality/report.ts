/** Writes docs/quality.md from what was measured; nothing in it comes from elsewhere. */
import { cpus, release, totalmem, type as systemType } from 'node:os'
import type { Category, Figures, Measured } from './measure.ts'
import { goalOf, missedGoals } from './measure.ts'

export interface Run {
  runs: number
  lighthouse: string
  chromium: string
  at: Date
}

const kilo = (bytes: number): string => `${Math.round(bytes / 1000)} kB`
const score = (figures: Figures, category: Category): string => String(figures.scores[category] ?? '–')
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`

const columns: [string, (measured: Measured) => string][] = [
  ['page', ({ path }) => `\`${path}\``],
  ['performance', ({ figures }) => score(figures, 'performance')],
  ['accessibility', ({ figures }) => score(figures, 'accessibility')],
  ['best practices', ({ figures }) => score(figures, 'best-practices')],
  ['SEO', ({ figures }) => score(figures, 'seo')],
  ['FCP', ({ figures }) => seconds(figures.fcp)],
  ['LCP', ({ figures }) => seconds(figures.lcp)],
  ['TBT', ({ figures }) => `${Math.round(figures.tbt)} ms`],
  ['CLS', ({ figures }) => figures.cls.toFixed(3)],
  ['HTML', ({ figures }) => kilo(figures.html)],
  ['JavaScript', ({ figures }) => kilo(figures.script)],
  ['CSS', ({ figures }) => kilo(figures.style)],
]

/** One line for the terminal. */
export function lineOf(measured: Measured): string {
  return `${measured.preset.padEnd(8)}${columns.map(([name, show]) => name === 'page' ? measured.path.padEnd(18) : `${name} ${show(measured)}`).join('  ')}`
}

function table(rows: Measured[]): string {
  return [
    `| ${columns.map(([name]) => name).join(' | ')} |`,
    `|${columns.map((_, index) => index === 0 ? '---' : '--:').join('|')}|`,
    ...rows.map(row => `| ${columns.map(([, show]) => show(row)).join(' | ')} |`),
  ].join('\n')
}

function left(found: Measured[]): string {
  const pages = new Map<string, string[]>()
  for (const { path, preset, complaints } of found) {
    for (const complaint of complaints) pages.set(complaint, [...pages.get(complaint) ?? [], preset === 'mobile' ? `\`${path}\` (mobile)` : `\`${path}\``])
  }
  if (pages.size === 0) return 'Nothing: every audit that counts was passed.'
  return [...pages].map(([complaint, where]) => `- ${complaint}: ${where.join(', ')}`).join('\n')
}

/** The whole file. */
export function describe(found: Measured[], { runs, lighthouse, chromium, at }: Run): string {
  const missed = found.flatMap(missedGoals)
  const [cpu] = cpus()
  const speeds = found.map(({ figures }) => figures.machine)
  return `# Quality of the pages

Measured by \`npm run quality\`, which also writes this page: every figure is of that run.

The goals: on the desktop preset every score at least ${goalOf('desktop', 'performance')}; on the mobile preset, a slow phone on a slow net, performance at
least ${goalOf('mobile', 'performance')} and the others at least ${goalOf('mobile', 'accessibility')}. ${missed.length === 0 ? 'All are met.' : `Missed:\n\n${missed.map(line => `- ${line}`).join('\n')}`}

## Desktop

${table(found.filter(({ preset }) => preset === 'desktop'))}

## Mobile

${table(found.filter(({ preset }) => preset === 'mobile'))}

Scores are of 100. FCP, LCP, TBT and CLS are first and largest contentful paint, total blocking time and cumulative layout
shift. HTML, JavaScript and CSS are bytes on the wire, packed as the server sends them, with an empty cache. Search engines
see nothing behind the sign-in, so those pages have no score for them.

## What Lighthouse still remarks

${left(found)}

## How it was measured

The production build on a store filled by \`npm run fixture -- --scale small\`, without a proxy in front, read over the loopback
address by Chromium; ${runs === 1 ? 'one load' : `${runs} loads`} of each page with an empty cache after one that does not count, and of each figure the one in
the middle. Lighthouse works out its figures for a slower net and machine than it ran on; on shared cores they swing by a few
points, so no test asserts them.

| | |
|---|---|
| date | ${at.toISOString().slice(0, 10)} |
| machine | ${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${systemType()} ${release()} |
| its speed meanwhile | ${Math.round(Math.min(...speeds))} to ${Math.round(Math.max(...speeds))} by Lighthouse's own index (more is faster) |
| Node | ${process.version.slice(1)} |
| Chromium | ${chromium} |
| Lighthouse | ${lighthouse} |

To repeat it: \`npm run quality\`, with a Chromium installed or named by \`CHROMIUM_PATH\`. Lighthouse is no package of the shop: it
is installed into \`.data/quality\` when it is first asked for, in the versions of \`scripts/quality/tool/package-lock.json\`, and
reports to nobody. \`npm run quality -- --runs 1\` is a quick look, \`npm run quality -- --runs 1 --only /console\` one that writes nothing.
`
}
