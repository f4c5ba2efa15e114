import type { NeutralEvent } from './neutral'

/**
 * Puts overlapping blocks one behind the other: what belongs to a later block waits until the open one has ended, a
 * picture too. For dialects whose blocks never overlap (Anthropic, Responses, and Gemini's whole calls). What belongs to
 * no block that began, or to one that ended, is left out. Behind the finish nothing waits any more.
 */
export function createSequence(): (event: NeutralEvent) => NeutralEvent[] {
  let open: number | undefined
  /** Waiting blocks by index, in the order they started. */
  const waiting = new Map<number, NeutralEvent[]>()

  function release(): NeutralEvent[] {
    const released: NeutralEvent[] = []
    for (const [index, events] of waiting) {
      waiting.delete(index)
      released.push(...events)
      const last = events.at(-1)
      if (last?.type !== 'block-end' && last?.type !== 'media') {
        open = index
        return released
      }
    }
    return released
  }

  function flush(): NeutralEvent[] {
    const released = [...waiting.values()].flat()
    waiting.clear()
    return released
  }

  return function sequence(event) {
    if (event.type === 'finish') return [...flush(), event]
    if (!('index' in event)) return [event]
    const begins = event.type === 'block-start' || event.type === 'media'
    if (open === undefined && begins) {
      if (event.type === 'block-start') open = event.index
      return [event]
    }
    if (event.index === open) {
      if (event.type !== 'block-end') return [event]
      open = undefined
      return [event, ...release()]
    }
    const events = waiting.get(event.index)
    if (events) events.push(event)
    else if (begins) waiting.set(event.index, [event])
    return []
  }
}
