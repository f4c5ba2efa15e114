import { createHash } from 'node:crypto'
import type { Draft } from './drafts.ts'
import type { FoundScenario } from './scenarios.ts'
import { findScenario } from './scenarios.ts'
import type { Talk, Turn } from './talk.ts'
import { cutToTokens, piecesOf, tokensIn } from './tokens.ts'

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
  /** The text of all turns, plus 4 for each turn, plus 3. */
  promptTokens: number
  /** The part of the prompt said to come from a cache. */
  cachedTokens: number
  /** All choices together: reasoning, text, refusal, and the name and arguments of every tool call. */
  completionTokens: number
  /** The part of the completion that is reasoning. */
  reasoningTokens: number
}

/** What the sandbox answers to a talk. Throws for a model that has no reply, such as an error. */
export function replyToTalk(talk: Talk): Reply {
  const found = findScenario(talk.model)
  if (!found || !found.scenario.say) throw new Error(`The sandbox has no reply for the model "${talk.model}".`)
  return replyWith(found, talk)
}

/** Counts and limits what a scenario has to say. */
export function replyWith({ scenario, parameters }: FoundScenario, talk: Talk): Reply {
  const said = scenario.say?.(talk, parameters) ?? {}
  const draft = talk.thinks ? said : { ...said, reasoning: '' }
  const cut = cutDraft(draft, talk.maxTokens ?? Number.MAX_SAFE_INTEGER)
  const promptTokens = promptTokensOf(talk.turns)
  return {
    text: cut.text,
    reasoning: cut.reasoning,
    refusal: cut.refusal,
    toolCalls: cut.toolCalls.map((call, index) => ({
      id: toolCallId(talk, index),
      type: 'function',
      function: { name: call.name, arguments: call.arguments },
    })),
    finishReason: cut.short ? 'length' : draft.finish ?? (cut.toolCalls.length > 0 ? 'tool_calls' : 'stop'),
    inOnePiece: draft.inOnePiece ?? false,
    choices: talk.choices,
    promptTokens,
    cachedTokens: scenario.cached === true ? Math.floor(promptTokens / 2) : 0,
    completionTokens: cut.tokens * talk.choices,
    reasoningTokens: tokensIn(cut.reasoning) * talk.choices,
  }
}

export function promptTokensOf(turns: Turn[]): number {
  return turns.reduce((sum, { text }) => sum + tokensIn(text) + 4, 3)
}

/** A text of the reply in the pieces it is streamed in. */
export function splitFor(reply: Reply, text: string): string[] {
  return reply.inOnePiece && text !== '' ? [text] : piecesOf(text)
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
function toolCallId({ model, turns }: Talk, index: number): string {
  const seed = `${model} ${turns.length} ${index}`
  return `call_${createHash('sha256').update(seed).digest('hex').slice(0, 24)}`
}
