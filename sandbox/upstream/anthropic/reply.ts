import type { OfferedTool, Talk, Turn } from '../talk.ts'
import { isRecord, textOfContent } from '../talk.ts'

/** A request body that has been checked; what is in it is still read with care, for the checks are not complete. */
export type AnthropicBody = Record<string, unknown> & { model: string, messages: Record<string, unknown>[] }

/** What the sandbox makes of a message request. */
export function talkOfAnthropic(body: AnthropicBody): Talk {
  const choice = isRecord(body['tool_choice']) ? body['tool_choice'] : {}
  const system = textOfContent(body['system'])
  const name = choice['name']
  const tools: unknown[] = Array.isArray(body['tools']) ? body['tools'] : []
  return {
    model: body.model,
    turns: [...(system === '' ? [] : [{ role: 'system' as const, text: system }]), ...body.messages.flatMap(turnsOf)],
    tools: tools.filter(isRecord).map((tool): OfferedTool => ({ name: String(tool['name']), parameters: tool['input_schema'] })),
    ...(choice['type'] === 'none' && { chosenTool: null }),
    ...(typeof name === 'string' && { chosenTool: name }),
    parallel: choice['disable_parallel_tool_use'] !== true,
    thinks: !(isRecord(body['thinking']) && body['thinking']['type'] === 'disabled'),
    ...(typeof body['max_tokens'] === 'number' && { maxTokens: body['max_tokens'] }),
    choices: 1,
  }
}

/** A user message with tool results is as many turns as it has results, and one more when it has text as well. */
function turnsOf({ role, content }: Record<string, unknown>): Turn[] {
  const blocks = blocksOf(content)
  const results = blocks.filter(({ type }) => type === 'tool_result')
  const text = blocks.map(({ type, text }) => type === 'text' && typeof text === 'string' ? text : '').join('')
  const own: Turn = { role: role === 'assistant' ? 'assistant' : 'user', text }
  const tools = results.map((block): Turn => ({ role: 'tool', text: textOfContent(block['content']) }))
  return tools.length > 0 && blocks.length === results.length ? tools : [...tools, own]
}

/** A message's content as blocks; a string is one block of text. */
export function blocksOf(content: unknown): Record<string, unknown>[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content.filter(isRecord) : []
}
