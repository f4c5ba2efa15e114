import type { Reply } from '../reply.ts'
import { replyToTalk } from '../reply.ts'
import type { Talk } from '../talk.ts'
import { isRecord, textOfContent } from '../talk.ts'
import type { ChatBody, ChatBodyInput } from './chat-body.ts'

/**
 * What the sandbox answers to a chat completion request for `model`, and the true count of it, so that a test can work
 * out the charge without asking. The `sandbox-usage-*` scenarios report other numbers on the wire; these stay true.
 * Throws for a model that has no reply, such as an error.
 */
export function replyOf(model: string, body: ChatBodyInput): Reply {
  return replyToTalk(talkOfChat({ messages: [], ...body, model }))
}

export function talkOfChat(body: ChatBody): Talk {
  const limit = body.max_completion_tokens ?? body.max_tokens
  const chosen = chosenTool(body.tool_choice)
  return {
    model: body.model,
    turns: body.messages.map(({ role, content }) => ({ role: roleOf(role), text: textOfContent(content) })),
    tools: (body.tools ?? []).flatMap(tool => tool.function ? [tool.function] : []),
    ...(chosen !== undefined && { chosenTool: chosen }),
    parallel: body.parallel_tool_calls !== false,
    thinks: true,
    ...(limit != null && { maxTokens: limit }),
    choices: body.n ?? 1,
  }
}

function roleOf(role: string): Talk['turns'][number]['role'] {
  return role === 'user' || role === 'assistant' || role === 'tool' ? role : 'system'
}

function chosenTool(choice: unknown): string | null | undefined {
  if (choice === 'none') return null
  const named = isRecord(choice) && isRecord(choice['function']) ? choice['function']['name'] : undefined
  return typeof named === 'string' ? named : undefined
}
