import type { Talk } from './talk.ts'
import { isRecord } from './talk.ts'

export interface ToolCallDraft {
  name: string
  /** JSON text, as on the wire. */
  arguments: string
}

/** What a scenario has to say, before limits and counting. Missing parts are not sent. */
export interface Draft {
  text?: string
  reasoning?: string
  refusal?: string
  toolCalls?: ToolCallDraft[]
  /** `stop` unless told, or `tool_calls` when there are any. */
  finish?: 'content_filter'
  /** Sends the whole text as one delta. */
  inOnePiece?: boolean
}

export const fixedText = '你好，这里是沙盒。Every word of this reply is fixed 🌊, so its price is known beforehand. '
  + '每一个 token 都算得清楚，一分钱也不会多收 ✅。Tea is ready: 喝杯茶吧 🍵👩‍🚀.'

const fixedReasoning = '先想一想：the question is simple, 但要确认两遍。First count the words, then count them again 🤔. 结论一致。'

export function echo(talk: Talk): Draft {
  return { text: talk.turns.findLast(({ role }) => role === 'user')?.text ?? '' }
}

export function reason(): Draft {
  return { reasoning: fixedReasoning, text: '答案是 42。The answer is 42 ✨.' }
}

/** `count` words of one token each, so that the length in tokens is exactly `count`, 200,000 at most. */
export function words(word: string, count: number): string {
  return Array.from({ length: Math.min(count, 200_000) }, () => word).join(' ')
}

/** Calls `count` tools, or answers with what a tool said when that is the last message. */
export function callTools({ turns, tools, chosenTool, parallel }: Talk, count: number): Draft {
  const last = turns.at(-1)
  if (last?.role === 'tool') return { text: `工具说 the tool says: ${last.text} ✅` }
  const usable = typeof chosenTool === 'string' ? tools.filter(({ name }) => name === chosenTool) : tools
  if (usable.length === 0 || chosenTool === null) return { text: '没有可用的工具。No tool was offered.' }
  return {
    toolCalls: Array.from({ length: parallel ? count : 1 }, (_, index) => {
      const tool = usable[index % usable.length] ?? { name: '' }
      return { name: tool.name, arguments: JSON.stringify(valueFor(tool.parameters, index, 0)) }
    }),
  }
}

/** Thinks before it calls two tools, and again before it answers what they said. */
export function thinkAndCall(talk: Talk): Draft {
  return { reasoning: fixedReasoning, ...callTools(talk, 2) }
}

/** Makes up a value that fits a JSON schema; `index` tells parallel calls apart. Four levels deep at most. */
function valueFor(schema: unknown, index: number, depth: number): unknown {
  if (!isRecord(schema)) return {}
  const allowed = schema['enum']
  if (Array.isArray(allowed) && allowed.length > 0) return allowed[index % allowed.length]
  if ('const' in schema) return schema['const']
  const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type']
  switch (typeof type === 'string' ? type.toLowerCase() : type) {
    case 'string': return `上海 "${index + 1}" 🌧`
    case 'number': return index + 1.5
    case 'integer': return index + 1
    case 'boolean': return true
    case 'null': return null
    case 'array': return depth < 4 ? [valueFor(schema['items'] ?? { type: 'string' }, index, depth + 1)] : []
    default: {
      const properties = isRecord(schema['properties']) && depth < 4 ? Object.entries(schema['properties']) : []
      return Object.fromEntries(properties.map(([name, inner]) => [name, valueFor(inner, index, depth + 1)]))
    }
  }
}
