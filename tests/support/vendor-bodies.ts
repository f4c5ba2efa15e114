/**
 * What each vendor's SDK lets a program send, in the SDK's own types: `vendor-schemas.ts` makes JSON schema of them. What
 * is added here is added for every request, so each addition says why.
 */
import type { MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages'
import type { Content, GenerationConfig, SafetySetting, Tool, ToolConfig } from '@google/genai'
import type { ChatCompletionCreateParams } from 'openai/resources/chat/completions'
import type { ResponseCreateParamsBase, ResponseInputItem, ResponseOutputMessage } from 'openai/resources/responses/responses'

export type OpenaiChatBody = ChatCompletionCreateParams

/** What a model said may come back without the id it had: other dialects have none, and with `store: false` nobody could look it up. */
type SaidWithoutId = Omit<ResponseOutputMessage, 'id' | 'status'>

export type OpenaiResponsesBody = Omit<ResponseCreateParamsBase, 'input'> & { input?: string | (ResponseInputItem | SaidWithoutId)[] }

/** The SDK no longer names what the newest models refuse and all others take: https://docs.anthropic.com/en/api/messages */
export type AnthropicBody = MessageCreateParamsBase & { temperature?: number, top_p?: number, top_k?: number }

/** The SDK's own parameters are not what it sends: it moves most of `config` to the top of the body, in these types. */
export interface GeminiBody {
  contents: Content[]
  systemInstruction?: Content
  tools?: Tool[]
  toolConfig?: ToolConfig
  generationConfig?: GenerationConfig
  safetySettings?: SafetySetting[]
  cachedContent?: string
}
