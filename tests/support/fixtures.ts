/** Everything in `tests/fixtures`, by what it is. Its README says which trap each file holds. */
import { readFileSync, readdirSync } from 'node:fs'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'

export interface Fixture {
  /** Such as `gemini/prompt-blocked.json`. */
  name: string
  dialect: DialectId
  /** Requests of a client; answers and streams with status 200; failures with another status. */
  kind: 'request' | 'reply' | 'stream' | 'failure'
  /** HTTP status it comes with. */
  status: number
  bytes: Buffer
}

const root = new URL('../fixtures/', import.meta.url)
/** Failures from before the status stood in the name. */
const statuses: Record<string, number> = { 'gemini/bad-key.json': 400, 'gemini/rate-limit-array.json': 429 }

export const fixtures: Fixture[] = dialectIds.flatMap(dialect => filesOf(dialect).map(file => load(dialect, file)))

function filesOf(dialect: DialectId): string[] {
  return readdirSync(new URL(`${dialect}/`, root), { recursive: true, encoding: 'utf8' }).map(file => file.replaceAll('\\', '/')).filter(file => /\.(?:json|sse|html)$/.test(file)).sort()
}

function load(dialect: DialectId, file: string): Fixture {
  const name = `${dialect}/${file}`
  const status = Number(statuses[name] ?? /-(\d{3})\.\w+$/.exec(file)?.[1] ?? 200)
  const kind = file.includes('request') ? 'request' : status !== 200 ? 'failure' : file.endsWith('.sse') ? 'stream' : 'reply'
  return { name, dialect, kind, status, bytes: readFileSync(new URL(name, root)) }
}
