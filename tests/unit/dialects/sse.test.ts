import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSseDecoder } from '#server/dialects/sse'
import { runs } from '../../support/runs'

const streams = {
  'line feeds': 'data: {"a":"ü 你好 👋"}\n\ndata: [DONE]\n\n',
  'carriage returns and line feeds': 'data: one\r\n\r\ndata: two\r\n\r\n',
  'lone carriage returns': 'data: one\r\rdata: two\r\r',
  'comments and event names': ': hello\n\nevent: ping\ndata: one\n\n:\n\ndata: two\n\n',
  'several data lines': 'data: one\ndata:two\n\n',
  'extra blank lines': '\n\ndata: one\n\n\n\ndata: two\n\n',
  'no blank line at the end': 'data: one\n\ndata: two',
}

function decode(chunks: Uint8Array[]): { data: (string | undefined)[], bytes: Buffer } {
  const decoder = createSseDecoder()
  const frames = [...chunks.flatMap(chunk => decoder.push(chunk)), ...decoder.end()]
  return { data: frames.map(frame => frame.data).filter(data => data !== undefined), bytes: Buffer.concat(frames.map(frame => frame.bytes)) }
}

describe('the event decoder', () => {
  it.each(Object.entries(streams))('reads the same from every cut: %s', (_, text) => {
    const bytes = Buffer.from(text)
    const whole = decode([bytes])
    expect(whole.data.length).toBeGreaterThan(0)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const split = decode([bytes.subarray(0, cut), bytes.subarray(cut)])
      expect(split.data).toEqual(whole.data)
      expect(split.bytes.equals(bytes)).toBe(true)
    }
    expect(decode(Array.from(bytes, byte => Buffer.from([byte]))).data).toEqual(whole.data)
  })

  it('reads data lines as the standard says', () => {
    expect(decode([Buffer.from(streams['several data lines'])]).data).toEqual(['one\ntwo'])
    expect(decode([Buffer.from(streams['carriage returns and line feeds'])]).data).toEqual(['one', 'two'])
    expect(decode([Buffer.from(streams['lone carriage returns'])]).data).toEqual(['one', 'two'])
    expect(decode([Buffer.from(streams['no blank line at the end'])]).data).toEqual(['one', 'two'])
  })

  it('neither loses nor invents a byte of anything, however it is cut', () => {
    const piece = fc.constantFrom('data: x', 'data:', 'event: y', ':', '\n', '\r', '\r\n', '\n\n', 'é', '👋')
    fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(60), { maxLength: 8 }), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(''))
      const points = [0, ...cuts.map(cut => Math.min(cut, bytes.length)).sort((one, other) => one - other), bytes.length]
      const chunks = points.slice(1).map((point, index) => bytes.subarray(points[index], point))
      expect(decode(chunks).bytes.equals(bytes)).toBe(true)
      expect(decode(chunks).data).toEqual(decode([bytes]).data)
    }), { numRuns: runs })
  })
})
