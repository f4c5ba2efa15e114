import type { Reply } from './reply.ts'

/** OpenAI's usage object of a chat completion; all numbers are tokens. */
export interface Usage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details: { cached_tokens: number, audio_tokens: number }
  completion_tokens_details: {
    reasoning_tokens: number
    audio_tokens: number
    accepted_prediction_tokens: number
    rejected_prediction_tokens: number
  }
}

/** The honest usage of a reply; `completionTokens` may be lower than the reply's own while it is still being sent. */
export function usageOf(reply: Reply, completionTokens = reply.completionTokens): Usage {
  return {
    prompt_tokens: reply.promptTokens,
    completion_tokens: completionTokens,
    total_tokens: reply.promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: reply.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: Math.min(reply.reasoningTokens, completionTokens),
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

/** Lies about the length of the answer. The total agrees with the lie, so only the size gives it away. */
export function withCompletion(usage: Usage, completionTokens: number): Usage {
  return { ...usage, completion_tokens: completionTokens, total_tokens: usage.prompt_tokens + completionTokens }
}

export function asStrings(usage: Usage): Record<string, unknown> {
  return {
    ...usage,
    prompt_tokens: String(usage.prompt_tokens),
    completion_tokens: String(usage.completion_tokens),
    total_tokens: String(usage.total_tokens),
  }
}

export function withMoreCachedThanPrompt(usage: Usage): Usage {
  return { ...usage, prompt_tokens_details: { cached_tokens: usage.prompt_tokens + 100, audio_tokens: 0 } }
}
