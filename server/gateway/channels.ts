import { randomInt } from 'node:crypto'
import type { LiveRoute } from '#server/catalog/catalog'
import type { Health } from './health'

/** One channel with the credential to use there. */
export interface Candidate {
  route: LiveRoute
  credential: number
}

/** More tries would only make the client wait. */
const TRIES_MAX = 4

/**
 * The order in which channels are tried: by priority, within a priority by weighted chance, cooling ones last. Each
 * channel appears with each of its credentials, but a second credential only after every channel had its first.
 */
export function orderCandidates(routes: LiveRoute[], health: Health): Candidate[] {
  const ordered = byPriority(routes)
  const candidates: Candidate[] = []
  const most = Math.max(0, ...ordered.map(route => route.channel.credentials().length))
  for (let turn = 0; turn < most; turn++) {
    for (const route of ordered) {
      const count = route.channel.credentials().length
      if (turn < count) candidates.push({ route, credential: pickCredential(route.channel.id, count, turn) })
    }
  }
  const isCooling = ({ route, credential }: Candidate) => health.isCooling(route.channel.id, credential)
  const ready = candidates.filter(candidate => !isCooling(candidate))
  return [...ready, ...candidates.filter(isCooling)].slice(0, TRIES_MAX)
}

const turns = new Map<string, number>()

/** Credentials of a channel take turns. */
function pickCredential(channel: string, count: number, turn: number): number {
  const next = turns.get(channel) ?? 0
  if (turn === 0) turns.set(channel, (next + 1) % count)
  return (turn === 0 ? next : (turns.get(channel) ?? 0) + turn - 1) % count
}

function byPriority(routes: LiveRoute[]): LiveRoute[] {
  const left = [...routes]
  const ordered: LiveRoute[] = []
  while (left.length > 0) {
    const top = Math.max(...left.map(route => route.priority))
    const group = left.filter(route => route.priority === top)
    let chance = randomInt(group.reduce((sum, route) => sum + route.weight, 0))
    const picked = group.find(route => (chance -= route.weight) < 0)!
    ordered.push(picked)
    left.splice(left.indexOf(picked), 1)
  }
  return ordered
}
