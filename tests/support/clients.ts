/** The vendors' own SDKs, each asking the same question and telling what it understood, so that answers can be compared. */
import Anthropic from '@anthropic-ai/sdk'
import { FunctionCallingConfigMode, GoogleGenAI } from '@google/genai'
import type { GenerateContentParameters, GenerateContentResponse } from '@google/genai'
import OpenAI from 'openai'
import type { DialectId } from '#shared/schemas/channel'

export interface Question {
  model: string
  text: string
  stream: boolean
  tool?: { name: string, description: string, parameters: Record<string, unknown> }
  /** Force the tool. */
  force?: boolean
  /** A small PNG, base64. */
  image?: string
  schema?: Record<string, unknown>
  think?: boolean
  outputMax?: number
}

export interface Understood {
  text: string
  reasoning: string
  tools: { name: string, args: unknown }[]
  /** Ids of the calls; empty where an answer gives none. */
  toolIds: string[]
  /** Words of a refusal where the dialect keeps them apart. */
  refusal: string
  finish: 'stop' | 'length' | 'tools' | 'filtered' | 'other'
  /** Input with what was cached, output with reasoning. */
  usage: { input: number, output: number } | undefined
  /** Of the usage: what was read from a cache, and what was thought. */
  parts: { cached: number, reasoning: number } | undefined
}

export type Client = (url: string, key: string, question: Question) => Promise<Understood>

export const clients: Record<DialectId, Client> = {
  'openai-chat': askChat,
  'openai-responses': askResponses,
  'anthropic': askAnthropic,
  'gemini': askGemini,
}

/** Arguments that were cut stay text. */
function args(text: string): unknown {
  try {
    return JSON.parse(text || '{}') as unknown
  }
  catch { return text }
}

async function askChat(url: string, key: string, question: Question): Promise<Understood> {
  const { tool, schema, image } = question
  const sdk = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 })
  const body = {
    model: question.model,
    messages: [{ role: 'user' as const, content: image ? [{ type: 'text' as const, text: question.text }, { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${image}` } }] : question.text }],
    ...(tool ? { tools: [{ type: 'function' as const, function: tool }], ...(question.force ? { tool_choice: 'required' as const } : {}) } : {}),
    ...(schema ? { response_format: { type: 'json_schema' as const, json_schema: { name: 'answer', schema } } } : {}),
    ...(question.think ? { reasoning_effort: 'medium' as const } : {}),
    ...(question.outputMax ? { max_completion_tokens: question.outputMax } : {}),
  }
  let message: { content?: string | null, refusal?: string | null, reasoning_content?: string, tool_calls?: OpenAI.ChatCompletionMessageToolCall[] }
  let finish: string | null | undefined
  let usage: OpenAI.CompletionUsage | undefined
  if (question.stream) {
    const runner = sdk.chat.completions.stream({ ...body, stream_options: { include_usage: true } })
    let reasoning = ''
    let told: OpenAI.CompletionUsage | undefined
    runner.on('chunk', (chunk) => { told = chunk.usage ?? told })
    runner.on('chunk', (chunk) => { reasoning += (chunk.choices[0]?.delta as { reasoning_content?: string } | undefined)?.reasoning_content ?? '' })
    const final = await runner.finalChatCompletion()
    message = { ...final.choices[0]!.message, reasoning_content: reasoning } as typeof message
    finish = final.choices[0]!.finish_reason
    // The SDK adds up the totals, and leaves out what they are made of.
    usage = told && { ...told, ...await runner.totalUsage() }
  }
  else {
    const completion = await sdk.chat.completions.create(body)
    message = completion.choices[0]!.message as typeof message
    finish = completion.choices[0]!.finish_reason
    usage = completion.usage
  }
  return {
    text: message.content ?? '',
    reasoning: message.reasoning_content ?? '',
    tools: (message.tool_calls ?? []).flatMap(call => call.type === 'function' ? [{ name: call.function.name, args: args(call.function.arguments) }] : []),
    toolIds: (message.tool_calls ?? []).map(call => call.id),
    refusal: message.refusal ?? '',
    finish: ({ stop: 'stop', length: 'length', tool_calls: 'tools', content_filter: 'filtered' } as const)[finish ?? ''] ?? 'other',
    usage: usage && { input: usage.prompt_tokens, output: usage.completion_tokens },
    parts: usage && { cached: usage.prompt_tokens_details?.cached_tokens ?? 0, reasoning: usage.completion_tokens_details?.reasoning_tokens ?? 0 },
  }
}

async function askResponses(url: string, key: string, question: Question): Promise<Understood> {
  const { tool, schema, image } = question
  const sdk = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 })
  const body = {
    model: question.model,
    input: image ? [{ role: 'user' as const, content: [{ type: 'input_text' as const, text: question.text }, { type: 'input_image' as const, detail: 'auto' as const, image_url: `data:image/png;base64,${image}` }] }] : question.text,
    ...(tool ? { tools: [{ type: 'function' as const, strict: false, ...tool }], ...(question.force ? { tool_choice: 'required' as const } : {}) } : {}),
    ...(schema ? { text: { format: { type: 'json_schema' as const, name: 'answer', schema } } } : {}),
    ...(question.think ? { reasoning: { effort: 'medium' as const, summary: 'auto' as const } } : {}),
    ...(question.outputMax ? { max_output_tokens: question.outputMax } : {}),
  }
  const response = question.stream ? await sdk.responses.stream(body).finalResponse() : await sdk.responses.create(body)
  const texts = response.output.flatMap(item => item.type === 'message' ? item.content : [])
  const tools = response.output.flatMap(item => item.type === 'function_call' ? [{ name: item.name, args: args(item.arguments) }] : [])
  const incomplete = response.incomplete_details?.reason
  return {
    text: texts.map(part => part.type === 'output_text' ? part.text : '').join(''),
    reasoning: response.output.flatMap(item => item.type === 'reasoning' ? item.summary : []).map(part => part.text).join(''),
    tools,
    toolIds: response.output.flatMap(item => item.type === 'function_call' ? [item.call_id] : []),
    refusal: texts.map(part => part.type === 'refusal' ? part.refusal : '').join(''),
    finish: incomplete === 'max_output_tokens' ? 'length' : incomplete === 'content_filter' ? 'filtered' : tools.length > 0 ? 'tools' : response.status === 'completed' ? 'stop' : 'other',
    usage: response.usage ? { input: response.usage.input_tokens, output: response.usage.output_tokens } : undefined,
    parts: response.usage && { cached: response.usage.input_tokens_details.cached_tokens, reasoning: response.usage.output_tokens_details.reasoning_tokens },
  }
}

async function askAnthropic(url: string, key: string, question: Question): Promise<Understood> {
  const { tool, schema, image } = question
  const sdk = new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 })
  const body: Anthropic.MessageCreateParamsNonStreaming = {
    model: question.model,
    max_tokens: question.outputMax ?? 9000,
    messages: [{ role: 'user', content: image ? [{ type: 'text', text: question.text }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } }] : question.text }],
    ...(tool ? { tools: [{ name: tool.name, description: tool.description, input_schema: tool.parameters as Anthropic.Tool.InputSchema }], ...(question.force ? { tool_choice: { type: 'any' } } : {}) } : {}),
    ...(schema ? { output_config: { format: { type: 'json_schema', schema } } } : {}),
    ...(question.think ? { thinking: { type: 'enabled', budget_tokens: 4000 } } : {}),
  }
  const message = question.stream ? await sdk.messages.stream(body).finalMessage() : await sdk.messages.create(body)
  const { usage } = message
  return {
    text: message.content.map(block => block.type === 'text' ? block.text : '').join(''),
    reasoning: message.content.map(block => block.type === 'thinking' ? block.thinking : '').join(''),
    tools: message.content.flatMap(block => block.type === 'tool_use' ? [{ name: block.name, args: block.input }] : []),
    toolIds: message.content.flatMap(block => block.type === 'tool_use' ? [block.id] : []),
    refusal: '',
    finish: ({ end_turn: 'stop', stop_sequence: 'stop', max_tokens: 'length', model_context_window_exceeded: 'length', tool_use: 'tools', refusal: 'filtered' } as const)[message.stop_reason as string] ?? 'other',
    usage: { input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0), output: usage.output_tokens },
    parts: { cached: usage.cache_read_input_tokens ?? 0, reasoning: usage.output_tokens_details?.thinking_tokens ?? 0 },
  }
}

async function askGemini(url: string, key: string, question: Question): Promise<Understood> {
  const { tool, schema, image } = question
  const sdk = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } })
  const body: GenerateContentParameters = {
    model: question.model,
    contents: [{ role: 'user', parts: [{ text: question.text }, ...(image ? [{ inlineData: { mimeType: 'image/png', data: image } }] : [])] }],
    config: {
      ...(tool ? { tools: [{ functionDeclarations: [{ name: tool.name, description: tool.description, parametersJsonSchema: tool.parameters }] }], ...(question.force ? { toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } } } : {}) } : {}),
      ...(schema ? { responseMimeType: 'application/json', responseJsonSchema: schema } : {}),
      ...(question.think ? { thinkingConfig: { includeThoughts: true, thinkingBudget: 4000 } } : {}),
      ...(question.outputMax ? { maxOutputTokens: question.outputMax } : {}),
    },
  }
  const chunks: GenerateContentResponse[] = []
  if (question.stream) for await (const chunk of await sdk.models.generateContentStream(body)) chunks.push(chunk)
  else chunks.push(await sdk.models.generateContent(body))
  const parts = chunks.flatMap(chunk => chunk.candidates?.[0]?.content?.parts ?? [])
  const tools = parts.flatMap(part => part.functionCall ? [{ name: part.functionCall.name ?? '', args: part.functionCall.args }] : [])
  const finish = chunks.flatMap(chunk => chunk.candidates?.[0]?.finishReason ?? []).at(-1)
  const blocked = chunks.some(chunk => chunk.promptFeedback?.blockReason)
  const usage = chunks.flatMap(chunk => chunk.usageMetadata ?? []).at(-1)
  return {
    text: parts.filter(part => !part.thought).map(part => part.text ?? '').join(''),
    reasoning: parts.filter(part => part.thought).map(part => part.text ?? '').join(''),
    tools,
    toolIds: parts.flatMap(part => part.functionCall?.id ?? []),
    refusal: '',
    finish: blocked || finish === 'SAFETY' ? 'filtered' : finish === 'MAX_TOKENS' ? 'length' : finish === 'STOP' ? (tools.length > 0 ? 'tools' : 'stop') : 'other',
    usage: usage && { input: (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0), output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0) },
    parts: usage && { cached: usage.cachedContentTokenCount ?? 0, reasoning: usage.thoughtsTokenCount ?? 0 },
  }
}
