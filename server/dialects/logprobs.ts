import type { TokenChance, TokenLogprob } from './neutral'

type Fields = Record<string, unknown>

/** The likeliest tokens told at one place: what every vendor takes. */
export const TOP_LOGPROBS_MAX = 20

/**
 * Tokens in OpenAI's form, which Chat Completions and Responses share; undefined when there are none.
 * https://platform.openai.com/docs/api-reference/chat/object#chat-object-choices-logprobs
 */
export function readLogprobs(value: unknown): TokenLogprob[] | undefined {
  const tokens = listOf(value).flatMap((entry): TokenLogprob[] => {
    const chance = readChance(entry)
    return chance ? [{ ...chance, top: listOf(entry.top_logprobs).flatMap(top => readChance(top) ?? []) }] : []
  })
  return tokens.length > 0 ? tokens : undefined
}

function readChance({ token, logprob, bytes }: Fields): TokenChance | undefined {
  if (typeof token !== 'string' || typeof logprob !== 'number') return undefined
  return { token, logprob, ...(Array.isArray(bytes) ? { bytes: bytes.filter(byte => typeof byte === 'number') } : {}) }
}

export function writeLogprobs(tokens: TokenLogprob[]): Fields[] {
  return tokens.map(({ top, ...chance }) => ({ ...writeChance(chance), top_logprobs: top.map(writeChance) }))
}

/** A vendor that says no bytes tells whole letters. */
function writeChance({ token, logprob, bytes }: TokenChance): Fields {
  return { token, logprob, bytes: bytes ?? [...Buffer.from(token)] }
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter((entry): entry is Fields => typeof entry === 'object' && entry !== null && !Array.isArray(entry)) : []
}

/**
 * Tokens of a stream wait for the text they belong to: one that is a part of a letter comes before any of it.
 */
export function createLogprobQueue(): { add(tokens: TokenLogprob[] | undefined): void, take(): { logprobs?: TokenLogprob[] } } {
  let waiting: TokenLogprob[] = []
  return {
    add(tokens) { if (tokens) waiting.push(...tokens) },
    take() {
      const logprobs = waiting
      waiting = []
      return logprobs.length > 0 ? { logprobs } : {}
    },
  }
}
