import type { Reply } from '../reply.ts'
import type { Talk, Turn } from '../talk.ts'
import { isRecord } from '../talk.ts'
import { turnsIn } from './contents.ts'
import { camelKeys, listIn, recordIn } from './fields.ts'

/** What the sandbox makes of a request to `model`; the body may be written in camelCase or snake_case. */
export function talkOfGemini(model: string, value: unknown): Talk {
  const body = camelKeys(value)
  const config = recordIn(body, 'generationConfig')
  const calling = recordIn(recordIn(body, 'toolConfig'), 'functionCallingConfig')
  const allowed = listIn(calling, 'allowedFunctionNames').filter(name => typeof name === 'string')
  const thinking = recordIn(config, 'thinkingConfig')
  const system = textOfParts(recordIn(body, 'systemInstruction'))
  const { maxOutputTokens: limit, candidateCount: choices } = config
  return {
    model,
    turns: [...(system === '' ? [] : [{ role: 'system' as const, text: system }]), ...turnsIn(listIn(body, 'contents')).flatMap(turnsOf)],
    tools: listIn(body, 'tools').flatMap(tool => listIn(camelKeys(tool), 'functionDeclarations')).map((declaration) => {
      const { name, parameters, parametersJsonSchema } = camelKeys(declaration)
      return { name: String(name), parameters: parametersJsonSchema ?? parameters }
    }),
    ...(calling['mode'] === 'NONE' && { chosenTool: null }),
    ...(allowed.length === 1 && { chosenTool: allowed[0] }),
    parallel: true,
    thinks: thinking['thinkingBudget'] !== 0,
    ...(typeof limit === 'number' && { maxTokens: limit }),
    choices: typeof choices === 'number' ? choices : 1,
  }
}

/** A prompt that is blocked has no candidates, so nobody pays for the words of the refusal. */
export function asGemini(reply: Reply): Reply {
  return reply.refusal === '' ? reply : { ...reply, completionTokens: 0 }
}

/** Each function response is a turn, and there is one more for what stands beside them. */
function turnsOf(value: unknown): Turn[] {
  const content = camelKeys(value)
  const parts = listIn(content, 'parts').map(camelKeys)
  const responses = parts.filter(part => isRecord(part['functionResponse']))
  const tools = responses.map((part): Turn => ({ role: 'tool', text: textOfResponse(camelKeys(part['functionResponse'])['response']) }))
  const own: Turn = { role: content['role'] === 'model' ? 'assistant' : 'user', text: textOfParts(content) }
  return tools.length > 0 && tools.length === parts.length ? tools : [...tools, own]
}

function textOfParts(content: Record<string, unknown>): string {
  return listIn(content, 'parts').map((part) => {
    const { text, thought } = camelKeys(part)
    return typeof text === 'string' && thought !== true ? text : ''
  }).join('')
}

/** A function answers with an object: its only text when that is all there is, or else its JSON. */
function textOfResponse(response: unknown): string {
  const values = isRecord(response) ? Object.values(response) : []
  return values.length === 1 && typeof values[0] === 'string' ? values[0] : JSON.stringify(response ?? {})
}
