import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NeutralEvent } from '#server/dialects/neutral'
import { createSequence } from '#server/dialects/sequence'
import { runs } from '../../support/runs'

const start = (index: number): NeutralEvent => ({ type: 'block-start', index, kind: 'text' })
const delta = (index: number, text: string): NeutralEvent => ({ type: 'block-delta', index, text })
const end = (index: number): NeutralEvent => ({ type: 'block-end', index })
const picture = (index: number): NeutralEvent => ({ type: 'media', index, mime: 'image/png', data: '' })
const finish: NeutralEvent = { type: 'finish', finish: 'stop', stopSequence: undefined }
const usage: NeutralEvent = { type: 'usage', usage: { input: 1 } }

function sequenced(events: NeutralEvent[]): NeutralEvent[] {
  const sequence = createSequence()
  return events.flatMap(event => sequence(event))
}

/** Blocks do not overlap, and pictures stand between them. */
function expectInOrder(events: NeutralEvent[]): void {
  let open: number | undefined
  for (const event of events) {
    if (event.type === 'block-start' || event.type === 'media') expect(open).toBeUndefined()
    if (event.type === 'block-start') open = event.index
    else if ('index' in event && event.type !== 'media') expect(event.index).toBe(open)
    if (event.type === 'block-end') open = undefined
  }
  expect(open).toBeUndefined()
}

describe('putting blocks one behind the other', () => {
  it('passes what is in order at once', () => {
    const events = [start(0), delta(0, 'a'), usage, end(0), start(1), end(1), finish]
    const sequence = createSequence()
    for (const event of events) expect(sequence(event)).toEqual([event])
  })

  it('lets a later block wait, and goes on with it live once it is its turn', () => {
    const sequence = createSequence()
    sequence(start(0))
    expect([start(1), delta(1, 'x')].flatMap(event => sequence(event))).toEqual([])
    expect(sequence(end(0))).toEqual([end(0), start(1), delta(1, 'x')])
    expect(sequence(delta(1, 'y'))).toEqual([delta(1, 'y')])
  })

  it('lets a picture wait for the open block', () => {
    expect(sequenced([start(0), picture(1), start(2), end(0), delta(2, 'x'), end(2), finish])).toEqual([start(0), end(0), picture(1), start(2), delta(2, 'x'), end(2), finish])
  })

  it('is not stopped by what belongs to a block that has ended or never began', () => {
    expect(sequenced([start(0), end(0), delta(0, 'late'), delta(7, 'lost'), start(1), end(1), finish])).toEqual([start(0), end(0), start(1), end(1), finish])
  })

  it('keeps nothing back behind the finish', () => {
    expect(sequenced([start(0), start(1), delta(1, 'x'), end(1), finish])).toEqual([start(0), start(1), delta(1, 'x'), end(1), finish])
  })

  it('loses and reorders nothing within a block, however they overlap', () => {
    const blocks = fc.array(fc.array(fc.string({ maxLength: 3 }), { maxLength: 4 }), { minLength: 1, maxLength: 5 })
    const interleaved = fc.tuple(blocks, fc.infiniteStream(fc.nat())).map(([texts, picks]) => interleave(texts, picks))
    fc.assert(fc.property(interleaved, (events) => {
      const out = sequenced([...events, finish])
      expectInOrder(out)
      expect(out).toHaveLength(events.length + 1)
      const ofBlock = (list: NeutralEvent[], index: number) => list.filter(event => 'index' in event && event.index === index)
      for (let index = 0; index < 5; index++) expect(ofBlock(out, index)).toEqual(ofBlock(events, index))
    }), { numRuns: runs })
  })
})

/** Blocks start in order; what each says comes whenever. */
function interleave(texts: string[][], picks: Iterator<number>): NeutralEvent[] {
  const queues = texts.map((pieces, index) => [start(index), ...pieces.map(text => delta(index, text)), end(index)])
  const events: NeutralEvent[] = []
  let started = 0
  while (queues.some(queue => queue.length > 0)) {
    const ready = queues.filter((queue, index) => queue.length > 0 && index <= started)
    const queue = ready[Number(picks.next().value) % ready.length]
    const event = queue?.shift()
    if (!event) continue
    if (event.type === 'block-start' && event.index === started) started++
    events.push(event)
  }
  return events
}
