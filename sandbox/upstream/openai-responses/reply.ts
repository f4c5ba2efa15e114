import type { Talk, Turn } from '../talk.ts'
import { isRecord, textOfContent } from '../talk.ts'

/** A request body that has been checked; what is in it is still read with care, for the checks are not complete. */
export type ResponsesBody = Record<string, unknown> & { model: string, input: string | Record<string, unknown>[] }

/** What the sandbox makes of a request for a response. */
export function talkOfResponses(body: ResponsesBody): Talk {
  const { instructions, tool_choice: choice, reasoning, max_output_tokens: limit } = body
  const tools: unknown[] = Array.isArray(body['tools']) ? body['tools'] : []
  return {
    model: body.model,
    turns: [
      ...(typeof instructions === 'string' && instructions !== '' ? [{ role: 'system' as const, text: instructions }] : []),
      ...turnsOf(body.input),
    ],
    tools: tools.filter(isRecord).filter(({ type }) => type === 'function').map(({ name, parameters }) => ({ name: String(name), parameters })),
    ...(choice === 'none' && { chosenTool: null }),
    ...(isRecord(choice) && typeof choice['name'] === 'string' && { chosenTool: choice['name'] }),
    parallel: body['parallel_tool_calls'] !== false,
    thinks: !(isRecord(reasoning) && reasoning['effort'] === 'none'),
    ...(typeof limit === 'number' && { maxTokens: limit }),
    choices: 1,
  }
}

/** What the model did between two messages of others is one turn, however many items it took. */
function turnsOf(input: ResponsesBody['input']): Turn[] {
  if (typeof input === 'string') return [{ role: 'user', text: input }]
  const turns: Turn[] = []
  for (const item of input) {
    const last = turns.at(-1)
    const turn = turnOf(item)
    if (turn.role === 'assistant' && last?.role === 'assistant') last.text += turn.text
    else turns.push(turn)
  }
  return turns
}

function turnOf(item: Record<string, unknown>): Turn {
  switch (item['type']) {
    case 'function_call_output':
      return { role: 'tool', text: textOfContent(item['output']) }
    case undefined:
    case 'message': {
      const { role } = item
      return { role: role === 'user' || role === 'assistant' ? role : 'system', text: textOfContent(item['content']) }
    }
    default:
      return { role: 'assistant', text: '' }
  }
}
