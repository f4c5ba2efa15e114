import { createHash, randomBytes } from 'node:crypto'
import { timePart } from '../../keys'
import type { Json } from '../../store'

/**
 * What stands under `r_<key>`. The version begins with the time of writing, so the later of two writes is known by it
 * wherever they meet. A key that has been counted up has an epoch: what was added in another epoch counts no more.
 */
export interface Envelope {
  version: string
  /** Epoch milliseconds; what has expired is absent. */
  expires?: number
  /** Absent: deleted, or a counter that began at nothing. */
  value?: Json
  epoch?: string
  /** Of a counter: a lone integer, or a record of several. */
  shape?: 'one' | 'many'
  deleted?: true
}

let last = 0

/** Later than every version this process has made, and unlike any of another. */
export function createVersion(now: number): string {
  last = Math.max(last + 1, now)
  return `${timePart(last)}${randomBytes(5).toString('hex')}`
}

/** ASCII only: the platform's own client counts characters where it means bytes. */
export function writeEnvelope(envelope: Envelope): string {
  return JSON.stringify(envelope).replace(/[\u007F-\uFFFF]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function readEnvelope(text: string | null): Envelope | undefined {
  return text === null ? undefined : JSON.parse(text) as Envelope
}

/** Neither deleted nor expired. */
export function isLive(envelope: Envelope, now: number): boolean {
  return envelope.deleted === undefined && (envelope.expires === undefined || envelope.expires > now)
}

/**
 * The epoch of whatever is added to a key in this state. Two nodes that see the same state choose the same one; a key
 * nobody has seen begins with the empty one.
 */
export function epochOf(envelope: Envelope | undefined, now: number): string {
  if (envelope === undefined) return ''
  if (isLive(envelope, now) || envelope.deleted) return envelope.epoch ?? nextEpoch(envelope)
  return nextEpoch(envelope)
}

export function nextEpoch(envelope: Envelope): string {
  return createHash('sha256').update(envelope.version).digest('hex').slice(0, 8)
}
