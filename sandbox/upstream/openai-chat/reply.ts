import { createHash } from 'node:crypto'
import type { ChatBody, ChatBodyInput } from './chat-body.ts'
import { textOfContent } from './chat-body.ts'
import type { Draft } from './drafts.ts'
import { findScenario } from './scenarios.ts'
import { cutToTokens, tokensIn } from './tokens.ts'

export interface ToolCall {
  id: string
  type: 'function'
  function: { name: string, arguments: string }
}

/** One reply in full, and what it costs in o200k tokens. */
export interface Reply {
  /** The visible text of one choice; empty when the reply is a refusal or tool calls. */
  text: string
  reasoning: string
  refusal: string
  toolCalls: ToolCall[]
  finishReason: 'stop' | 'length' | 'tool_calls' | 'content_filter'
  inOnePiece: boolean
  choices: number
  /** The text of all messages, plus 4 for each message, plus 3. */
  promptTokens: number
  /** The part of the prompt said to come from a cache. */
  cachedTokens: number
  /** All choices together: reasoning, text, refusal, and the name and arguments of every tool call. */
  completionTokens: number
  /** The part of the completion that is reasoning. */
  reasoningTokens: number
}

/**
 * What the sandbox answers to `body` when asked for `model`, and the true count of it, so that a test can work out
 * the charge without asking. The `sandbox-usage-*` scenarios report other numbers on the wire; these stay true.
 * Throws for a model that has no reply, such as an error.
 */
export function replyOf(model: string, body: ChatBodyInput): Reply {
  const found = findScenario(model)
  if (!found || !found.scenario.say) throw new Error(`The sandbox has no reply for the model "${model}".`)
  return replyWith(found.scenario.say, found.parameters, { messages: [], ...body, model }, found.scenario.cached === true)
}

/** Counts and limits what a scenario has to say. */
export function replyWith(say: (body: ChatBody, parameters: number[]) => Draft, parameters: number[], body: ChatBody, cached: boolean): Reply {
  const limit = body.max_completion_tokens ?? body.max_tokens ?? Number.MAX_SAFE_INTEGER
  const draft = say(body, parameters)
  const cut = cutDraft(draft, limit)
  const choices = body.n ?? 1
  const promptTokens = promptTokensOf(body)
  const reasoningTokens = tokensIn(cut.reasoning)
  return {
    text: cut.text,
    reasoning: cut.reasoning,
    refusal: cut.refusal,
    toolCalls: cut.toolCalls.map((call, index) => ({
      id: toolCallId(body, index),
      type: 'function',
      function: { name: call.name, arguments: call.arguments },
    })),
    finishReason: cut.short ? 'length' : draft.finish ?? (cut.toolCalls.length > 0 ? 'tool_calls' : 'stop'),
    inOnePiece: draft.inOnePiece ?? false,
    choices,
    promptTokens,
    cachedTokens: cached ? Math.floor(promptTokens / 2) : 0,
    completionTokens: cut.tokens * choices,
    reasoningTokens: reasoningTokens * choices,
  }
}

export function promptTokensOf(body: { messages: { content?: unknown }[] }): number {
  return body.messages.reduce((sum, { content }) => sum + tokensIn(textOfContent(content)) + 4, 3)
}

/** Spends the limit in the order a model would: thoughts first, then words, then tool calls. */
function cutDraft(draft: Draft, limit: number) {
  let tokens = 0
  let short = false
  const take = (whole = ''): string => {
    const count = tokensIn(whole)
    if (count <= limit - tokens) {
      tokens += count
      return whole
    }
    short = true
    const part = cutToTokens(whole, limit - tokens)
    tokens += tokensIn(part)
    return part
  }
  const reasoning = take(draft.reasoning)
  const refusal = take(draft.refusal)
  const text = take(draft.text)
  const toolCalls = (draft.toolCalls ?? []).flatMap((call) => {
    const name = short ? '' : take(call.name)
    // Half a name calls nothing, so a limit that falls into it ends the reply before the call.
    return name === call.name ? [{ name, arguments: take(call.arguments) }] : []
  })
  return { reasoning, refusal, text, toolCalls, tokens, short }
}

/** The same request gets the same ids, and two turns of one talk get different ones. */
function toolCallId(body: ChatBody, index: number): string {
  const seed = `${body.model} ${body.messages.length} ${index}`
  return `call_${createHash('sha256').update(seed).digest('hex').slice(0, 24)}`
}
