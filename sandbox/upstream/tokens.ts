import { countTokens, decodeGenerator, encode } from 'gpt-tokenizer/encoding/o200k_base'

/** Text such as `<|endoftext|>` is plain text to this upstream, as it is to the real one. */
const asPlainText = { disallowedSpecial: new Set<string>() }

/** How many o200k tokens a text has. */
export function tokensIn(text: string): number {
  return text === '' ? 0 : countTokens(text, asPlainText)
}

/**
 * Splits a text into the pieces a model would send, about one token each; tokens that share a character stay together.
 * The generator must run to its end: the tokenizer keeps half characters in a decoder shared by the whole process.
 */
export function piecesOf(text: string): string[] {
  return text === '' ? [] : [...decodeGenerator(encode(text, asPlainText))]
}

/** The longest beginning of `text`, in whole pieces, that has at most `limit` tokens. */
export function cutToTokens(text: string, limit: number): string {
  if (limit <= 0) return ''
  const pieces = piecesOf(text)
  const beginning = (count: number): string => pieces.slice(0, count).join('')
  let low = 0
  let high = Math.min(limit, pieces.length)
  if (tokensIn(beginning(high)) <= limit) return beginning(high)
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (tokensIn(beginning(middle)) <= limit) low = middle
    else high = middle
  }
  return beginning(low)
}
