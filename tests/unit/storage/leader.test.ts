import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { createLeader } from '#server/storage/leader'

const SLOT_MS = 1000

function twoInstances() {
  let at = 10 * SLOT_MS
  const now = () => at
  const store = createMemoryStore({ now })
  const leaders = ['ins_1', 'ins_2'].map(instance => createLeader({ store, instance, now }))
  return { store, leaders, forward: (ms: number) => { at += ms } }
}

describe('the leader of a job', () => {
  it('is one of all instances in a slot, and stays it to the end of the slot', async () => {
    const { leaders, forward } = twoInstances()
    const ask = () => Promise.all(leaders.map(leader => leader.leads('fold', SLOT_MS)))
    const first = await ask()
    expect(first.toSorted()).toEqual([false, true])
    forward(SLOT_MS - 1)
    expect(await ask()).toEqual(first)
  })

  it('is another in the next slot when it is gone', async () => {
    const { leaders, forward } = twoInstances()
    expect(await leaders[0]!.leads('fold', SLOT_MS)).toBe(true)
    expect(await leaders[1]!.leads('fold', SLOT_MS)).toBe(false)
    forward(SLOT_MS)
    expect(await leaders[1]!.leads('fold', SLOT_MS)).toBe(true)
  })

  it('leads only that job', async () => {
    const { leaders } = twoInstances()
    expect(await leaders[0]!.leads('fold', SLOT_MS)).toBe(true)
    expect(await leaders[1]!.leads('sweep', SLOT_MS)).toBe(true)
  })

  it('leaves nothing behind', async () => {
    const { store, leaders, forward } = twoInstances()
    await leaders[0]!.leads('fold', SLOT_MS)
    expect(await store.list('leader_', { limit: 10 })).toHaveLength(1)
    forward(2 * SLOT_MS)
    expect(await store.list('leader_', { limit: 10 })).toEqual([])
  })

  it('does the work while it leads, and reports what fails', async () => {
    const { store } = twoInstances()
    let done = 0
    const problems: unknown[] = []
    const [one, two] = ['ins_1', 'ins_2'].map(instance => createLeader({ store, instance, now: () => 0 }))
    await one!.leads('work', 20)
    const stops = [
      one!.every('work', 20, () => ++done > 1 ? Promise.reject(new Error('tired')) : Promise.resolve(), problem => problems.push(problem)),
      two!.every('work', 20, async () => { throw new Error('not the leader') }, problem => problems.push(problem)),
    ]
    await expect.poll(() => problems.length, { interval: 5 }).toBeGreaterThan(0)
    stops.forEach(stop => stop())
    expect(problems.map(String)).toEqual(problems.map(() => 'Error: tired'))
    expect(done).toBeGreaterThan(1)
  })
})
