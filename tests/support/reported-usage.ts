/**
 * What an upstream reported, read from its bytes by the vendors' documentation and without anything of Vapor: the whole, and
 * the parts of it that have prices of their own. https://platform.openai.com/docs/api-reference/chat/object,
 * https://docs.anthropic.com/en/api/messages, https://ai.google.dev/api/generate-content#UsageMetadata
 */
import type { DialectId } from '#shared/schemas/channel'

type Fields = Record<string, unknown>

/** Tokens. `read` and `written`: of a cache; `hour`: written for an hour. */
export interface Reported { total: number, read: number, written: number, hour: number, reasoning: number }

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const inside = (value: unknown, name: string): Fields => isFields(value) && isFields(value[name]) ? value[name] : {}
const count = (value: unknown): number => typeof value === 'number' ? value : 0

/** Every JSON document of an answer: the one it is, or the data of its events. */
function documentsOf(bytes: Buffer): Fields[] {
  const text = bytes.toString('utf8')
  if (text.trimStart().startsWith('{')) return [JSON.parse(text) as Fields]
  const events = text.split(/\r?\n\r?\n/).map(event => event.split(/\r?\n/).filter(line => line.startsWith('data:')).map(line => line.slice(5)).join('\n').trim())
  return events.filter(data => data.startsWith('{')).map(data => JSON.parse(data) as Fields)
}

const readers: Record<DialectId, (documents: Fields[]) => Reported | undefined> = {
  /** The last counts; cached, written and reasoning are parts, but for reasoning that only the total has. */
  'openai-chat': (documents) => {
    const usage = documents.flatMap(one => isFields(one.usage) ? [one.usage] : isFields(inside(one, 'x_groq').usage) ? [inside(one.x_groq, 'usage')] : []).at(-1)
    if (!usage) return undefined
    const [prompt, completion] = [count(usage.prompt_tokens), count(usage.completion_tokens)]
    const from = inside(usage, 'prompt_tokens_details')
    const reasoning = count(inside(usage, 'completion_tokens_details').reasoning_tokens)
    const outside = count(usage.total_tokens) === prompt + completion + reasoning ? reasoning : 0
    const read = Math.min(prompt, count(from.cached_tokens ?? usage.prompt_cache_hit_tokens))
    return { total: prompt + completion + outside, read, written: count(from.cache_write_tokens), hour: 0, reasoning: Math.min(reasoning, completion + outside) }
  },
  /** The last event has it, whatever became of the answer. */
  'openai-responses': (documents) => {
    const usage = documents.flatMap(one => isFields(one.usage) ? [one.usage] : isFields(inside(one, 'response').usage) ? [inside(one.response, 'usage')] : []).at(-1)
    if (!usage) return undefined
    const from = inside(usage, 'input_tokens_details')
    return { total: count(usage.input_tokens) + count(usage.output_tokens), read: count(from.cached_tokens), written: count(from.cache_write_tokens), hour: 0, reasoning: count(inside(usage, 'output_tokens_details').reasoning_tokens) }
  },
  /** Each newer count takes the place of the older one; the cache stands beside the input, other iterations beside all. */
  'anthropic': (documents) => {
    const said = documents.flatMap(one => isFields(one.usage) ? [one.usage] : isFields(inside(one, 'message').usage) ? [inside(one.message, 'usage')] : [])
    if (said.length === 0) return undefined
    const usage = said.reduce((older, newer) => ({ ...older, ...Object.fromEntries(Object.entries(newer).filter(([, value]) => value !== null)) }), {})
    const others = Array.isArray(usage.iterations) ? usage.iterations.filter(isFields).filter(one => one.type !== 'message') : []
    return [usage, ...others].map(readIteration).reduce((sum, one) => ({ total: sum.total + one.total, read: sum.read + one.read, written: sum.written + one.written, hour: sum.hour + one.hour, reasoning: sum.reasoning + one.reasoning }))
  },
  /** Per field the last count, of the candidates the largest; thoughts and prompts of tools stand beside. */
  'gemini': (documents) => {
    const said = documents.flatMap(one => isFields(one.usageMetadata) ? [one.usageMetadata] : [])
    const last = (name: string): number => count(said.map(usage => usage[name]).filter(value => typeof value === 'number').at(-1))
    if (last('promptTokenCount') === 0) return undefined
    const candidates = Math.max(0, ...said.map(usage => count(usage.candidatesTokenCount)))
    return { total: last('promptTokenCount') + last('toolUsePromptTokenCount') + candidates + last('thoughtsTokenCount'), read: last('cachedContentTokenCount'), written: 0, hour: 0, reasoning: last('thoughtsTokenCount') }
  },
}

function readIteration(usage: Fields): Reported {
  const [read, written] = [count(usage.cache_read_input_tokens), count(usage.cache_creation_input_tokens)]
  return { total: count(usage.input_tokens) + read + written + count(usage.output_tokens), read, written, hour: count(inside(usage, 'cache_creation').ephemeral_1h_input_tokens), reasoning: count(inside(usage, 'output_tokens_details').thinking_tokens) }
}

/** Undefined where nothing was reported, or the answer is none. */
export const reportedUsage = (dialect: DialectId, bytes: Buffer): Reported | undefined => readers[dialect](documentsOf(bytes))
