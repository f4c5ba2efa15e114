import { z } from 'zod'

const call = z.looseObject({ name: z.string().nullish(), arguments: z.string().nullish() })

/** The parts of a message or delta that are paid output. `reasoning_content` and `reasoning` are compatible upstreams' names. */
export const wireDelta = z.looseObject({
  content: z.unknown().optional(),
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z.array(z.looseObject({ function: call.nullish() })).nullish(),
  function_call: call.nullish(),
})
export type WireDelta = z.output<typeof wireDelta>

/** Everything in a message or delta that the model had to produce, as one text. */
export function textOfDelta(delta: WireDelta): string {
  let text = textOfContent(delta.content)
  text += (delta.reasoning_content ?? delta.reasoning ?? '') + (delta.refusal ?? '')
  for (const { function: called } of delta.tool_calls ?? []) text += (called?.name ?? '') + (called?.arguments ?? '')
  if (delta.function_call) text += (delta.function_call.name ?? '') + (delta.function_call.arguments ?? '')
  return text
}

function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map(part => typeof part?.text === 'string' ? part.text as string : '').join('')
}
