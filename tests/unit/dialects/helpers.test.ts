import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readContextOverflow } from '#server/dialects/context-overflow'
import { readDataUrl, sniffMime, standardBase64, writeDataUrl } from '#server/dialects/data-url'
import { legalToolId, mintToolId } from '#server/dialects/tool-ids'
import { runs } from '../../support/runs'

describe('ids of tool calls', () => {
  it('are minted legal and different', () => {
    const ids = Array.from({ length: 50 }, mintToolId)
    expect(new Set(ids).size).toBe(50)
    for (const id of ids) expect(id).toMatch(/^call_[0-9A-Za-z]{24}$/)
  })

  it('stay as they are when legal, else become legal and the same every time', () => {
    fc.assert(fc.property(fc.string({ maxLength: 100 }), (id) => {
      const legal = legalToolId(id)
      expect(legal).toMatch(/^[\w-]{1,64}$/)
      expect(legalToolId(id)).toBe(legal)
      expect(legalToolId(legal)).toBe(legal)
    }), { numRuns: runs })
    expect(legalToolId('toolu_01A-b')).toBe('toolu_01A-b')
  })
})

describe('data URLs', () => {
  it('give the bytes back, in either alphabet, padded or not', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const data = Buffer.from(bytes).toString('base64')
      expect(standardBase64(Buffer.from(bytes).toString('base64url'))).toBe(data)
      expect(readDataUrl(writeDataUrl('image/png', data))).toEqual({ mime: 'image/png', data })
    }), { numRuns: runs })
  })

  it.each([
    ['https://example.org/a,b', undefined], ['data:nothing', undefined],
    ['DATA:image/GIF;charset=utf-8;BASE64,R0lG', { mime: 'image/gif', data: 'R0lG' }],
    ['data:text/plain,h%C3%A9', { mime: 'text/plain', data: Buffer.from('hé').toString('base64') }],
    ['data:text/plain,50%', { mime: 'text/plain', data: Buffer.from('50%').toString('base64') }],
    ['data:;base64,iVBORw0KGgo', { mime: 'image/png', data: 'iVBORw0KGgo=' }],
  ])('%s', (url, parts) => {
    expect(readDataUrl(url)).toEqual(parts)
  })

  it('know a kind by its first bytes', () => {
    expect(['/9j/4AAQ', 'JVBERi0x', 'AAAA'].map(sniffMime)).toEqual(['image/jpeg', 'application/pdf', undefined])
  })
})

describe('a prompt that is too long', () => {
  it.each([
    ['This model\'s maximum context length is 128,000 tokens. However, your messages resulted in 130000 tokens.', 130_000, 128_000],
    ['This endpoint\'s maximum context length is 8192 tokens. However, you requested about 9000 tokens (8000 of text input, 1000 in the output).', 9000, 8192],
    ['prompt is too long: 210000 tokens > 200000 maximum', 210_000, 200_000],
    ['The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).', 1_200_000, 1_048_576],
    ['The input token count exceeds the maximum number of tokens allowed 1048576.', undefined, 1_048_576],
    ['Your input exceeds the context window of this model. Please adjust your input and try again.', undefined, undefined],
  ])('%s', (message, tokens, maximum) => {
    expect(readContextOverflow(message)).toEqual({ tokens, maximum })
  })

  it('is nothing else', () => {
    expect(readContextOverflow('max_tokens must be at most 4096')).toBeUndefined()
  })
})
