import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Block, NeutralEvent, NeutralReply } from '#server/dialects/neutral'
import { createStopCut } from '#server/gateway/stop-sequences'
import { runs } from '../../support/runs'

/** Where a vendor that reads letter by letter would stop. */
function vendor(text: string, stops: string[]): { text: string, stop: string | undefined } {
  for (let end = 1; end <= text.length; end++) {
    const [stop] = stops.filter(candidate => text.slice(0, end).endsWith(candidate)).sort((one, other) => other.length - one.length)
    if (stop !== undefined) return { text: text.slice(0, end - stop.length), stop }
  }
  return { text, stop: undefined }
}

/** Blocks of text, each in pieces. */
function eventsOf(blocks: string[][]): NeutralEvent[] {
  return [
    { type: 'start', id: 'x', model: 'm' },
    ...blocks.flatMap((pieces, index): NeutralEvent[] => [
      { type: 'block-start', index, kind: 'text' },
      ...pieces.map((text): NeutralEvent => ({ type: 'block-delta', index, text })),
      { type: 'block-end', index },
    ]),
    { type: 'usage', usage: { input: 1, output: 2 } },
    { type: 'finish', finish: 'stop', stopSequence: undefined },
  ]
}

function run(stops: string[], events: NeutralEvent[]): { events: NeutralEvent[], text: string, cut: boolean } {
  const stream = createStopCut(stops).openStream()
  const passed = events.flatMap(event => stream.pass([event]))
  return { events: passed, text: passed.map(event => event.type === 'block-delta' ? event.text : '').join(''), cut: stream.isCut() }
}

const replyOf = (blocks: Block[]): NeutralReply => ({ id: undefined, model: undefined, usage: undefined, choices: [{ blocks, finish: 'stop', stopSequence: undefined }] })
const letters = fc.string({ unit: fc.constantFrom('a', 'b', '茶'), maxLength: 12 })
const stopsOf = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '茶'), minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })

describe('an answer ends at the first stop sequence', () => {
  it('wherever the pieces and blocks of its text are cut, streamed and whole', () => {
    fc.assert(fc.property(fc.array(fc.array(letters, { maxLength: 5 }), { maxLength: 4 }), stopsOf, (blocks, stops) => {
      const all = blocks.flat().join('')
      const expected = vendor(all, stops)
      const streamed = run(stops, eventsOf(blocks))
      expect(streamed.text).toBe(expected.text)
      expect(streamed.cut).toBe(expected.stop !== undefined)
      expect(streamed.events.filter(event => event.type === 'finish')).toEqual([{ type: 'finish', finish: expected.stop === undefined ? 'stop' : 'stop-sequence', stopSequence: expected.stop }])
      expect(streamed.events.at(-1)?.type).toBe('finish')
      const starts = streamed.events.filter(event => event.type === 'block-start').length
      expect(streamed.events.filter(event => event.type === 'block-end')).toHaveLength(starts)

      const [choice] = createStopCut(stops).cutReply(replyOf(blocks.map(pieces => ({ type: 'text', text: pieces.join('') })))).choices
      expect(choice!.blocks.map(block => block.type === 'text' ? block.text : '').join('')).toBe(expected.text)
      expect(choice!.stopSequence).toBe(expected.stop)
    }), { numRuns: runs })
  })

  it('tells every letter that cannot begin one at once, and keeps back no other', () => {
    const stream = createStopCut(['tea time']).openStream()
    const say = (text: string) => stream.pass([{ type: 'block-delta', index: 0, text }]).map(event => event.type === 'block-delta' ? event.text : event.type)
    stream.pass([{ type: 'block-start', index: 0, kind: 'text' }])
    expect(say('I like te')).toEqual(['I like '])
    expect(say('a ')).toEqual([])
    expect(say('leaves')).toEqual(['te', 'a ', 'leaves'])
    expect(say(' at tea ti')).toEqual([' at '])
    expect(say('me, always')).toEqual(['block-end', 'finish'])
    expect(say('more')).toEqual([])
  })
})

describe('what is not searched', () => {
  const others: Block[] = [{ type: 'reasoning', text: 'STOP' }, { type: 'tool-call', id: 'c', name: 'STOP', args: '{"a":"STOP"}' }, { type: 'refusal', text: 'STOP' }]

  it('thinking, calls and refusals, in a stream and in a whole answer', () => {
    const events: NeutralEvent[] = [
      { type: 'block-start', index: 0, kind: 'reasoning' }, { type: 'block-delta', index: 0, text: 'STOP' }, { type: 'block-end', index: 0 },
      { type: 'block-start', index: 1, kind: 'tool-call', id: 'c', name: 'STOP' }, { type: 'block-delta', index: 1, text: '{"a":"STOP"}' }, { type: 'block-end', index: 1 },
      { type: 'finish', finish: 'tool-calls', stopSequence: undefined },
    ]
    expect(run(['STOP'], events)).toMatchObject({ events, cut: false })
    expect(createStopCut(['STOP']).cutReply(replyOf(others))).toEqual(replyOf(others))
  })

  it('a text that something else divides', () => {
    const events: NeutralEvent[] = [
      { type: 'block-start', index: 0, kind: 'text' }, { type: 'block-delta', index: 0, text: 'ST' },
      { type: 'block-start', index: 1, kind: 'tool-call', id: 'c', name: 'f' }, { type: 'block-delta', index: 0, text: 'OP' },
      { type: 'finish', finish: 'stop', stopSequence: undefined },
    ]
    expect(run(['STOP'], events)).toMatchObject({ text: 'STOP', cut: false })
    expect(createStopCut(['STOP']).cutReply(replyOf([{ type: 'text', text: 'ST' }, others[0]!, { type: 'text', text: 'OP' }])).choices[0]!.finish).toBe('stop')
  })
})

it('what stood before the stop stays: earlier blocks, sources, probabilities; a proof of the whole text does not', () => {
  const tokens = ['I', ' say', ' STOP', ' now'].map(token => ({ token, logprob: -1, top: [] }))
  const text: Block = { type: 'text', text: 'I say STOP now', citations: [{ url: 'https://example.com', title: 'Tea' }], signature: { dialect: 'gemini', value: 's' }, logprobs: tokens }
  const [choice] = createStopCut([' STOP']).cutReply(replyOf([{ type: 'reasoning', text: 'Hm.' }, text, { type: 'text', text: 'gone' }])).choices
  expect(choice).toEqual({
    blocks: [{ type: 'reasoning', text: 'Hm.' }, { type: 'text', text: 'I say', citations: [{ url: 'https://example.com', title: 'Tea' }], logprobs: tokens.slice(0, 2) }],
    finish: 'stop-sequence',
    stopSequence: ' STOP',
  })
  const streamed = run([' STOP'], [{ type: 'block-start', index: 0, kind: 'text' }, { type: 'block-delta', index: 0, text: 'I say STOP now', logprobs: tokens }])
  expect(streamed.events[1]).toEqual({ type: 'block-delta', index: 0, text: 'I say', logprobs: tokens.slice(0, 2) })
})

it('looks for so many, and refuses more', () => {
  const many = Array.from({ length: 64 }, (_, index) => `stop ${index}`)
  expect(run(many, eventsOf([['here: stop 63']])).text).toBe('here: ')
  expect(() => createStopCut([...many, 'one more'])).toThrow(expect.objectContaining({ code: 'unsupported_field' }) as Error)
})
