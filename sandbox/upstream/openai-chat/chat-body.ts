import { z } from 'zod'

/** The parts of a chat completion request the sandbox looks at; everything else is let through. */
const chatBodySchema = z.looseObject({
  model: z.string().min(1),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  n: z.int().min(1).max(128).nullish(),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string(), parameters: z.unknown().optional() }).optional() })).nullish(),
  tool_choice: z.unknown().optional(),
  parallel_tool_calls: z.boolean().nullish(),
})

export type ChatBody = z.infer<typeof chatBodySchema>

/** What `replyOf` and the tests may hand over: the shape before defaults and checks. */
export type ChatBodyInput = Partial<z.input<typeof chatBodySchema>>

/** Returns the body, or a sentence and the name of the parameter that is wrong. */
export function parseChatBody(value: unknown): { body: ChatBody } | { problem: string, parameter: string | null } {
  const parsed = chatBodySchema.safeParse(value)
  if (parsed.success) return { body: parsed.data }
  const issue = parsed.error.issues[0]
  const parameter = issue && issue.path.length > 0 ? issue.path.join('.') : null
  return { problem: `Invalid value for '${parameter ?? 'body'}': ${issue?.message ?? 'it cannot be read'}.`, parameter }
}
