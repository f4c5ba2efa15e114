import { parentPort } from 'node:worker_threads'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'

export interface CountJob { id: number, texts: string[] }
export interface CountResult { id: number, tokens: number }

/** Beyond this much text a sample is counted and scaled: the work of one job stays bounded. */
const SAMPLE_CHARACTERS = 200_000
const SLICES = 20

/** Special tokens in user text are text: the tokenizer would throw on them otherwise. */
const options = { disallowedSpecial: new Set<string>() }

function count(text: string): number {
  if (text.length <= SAMPLE_CHARACTERS) return countTokens(text, options)
  const size = SAMPLE_CHARACTERS / SLICES
  const stride = (text.length - size) / (SLICES - 1)
  let tokens = 0
  for (let slice = 0; slice < SLICES; slice++) {
    const from = Math.floor(slice * stride)
    tokens += countTokens(text.slice(from, from + size), options)
  }
  return Math.ceil(tokens * text.length / SAMPLE_CHARACTERS)
}

parentPort?.on('message', ({ id, texts }: CountJob) => {
  const result: CountResult = { id, tokens: texts.reduce((sum, text) => sum + count(text), 0) }
  parentPort?.postMessage(result)
})
