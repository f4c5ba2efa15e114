/** Agents as their authors write them: the vendor's own SDK, its answer kept as it came and sent back with the results. */
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import type { Content, GenerateContentResponse, Part } from '@google/genai'
import OpenAI from 'openai'
import type { DialectId } from '#shared/schemas/channel'

export interface AgentOptions {
  url: string
  key: string
  tools: { name: string, description: string, parameters: Record<string, unknown> }[]
  system?: string
  /** Chat only: keeps the ids of calls and forgets whatever stood beside them, as many clients do. */
  forgetful?: boolean
}

export interface Call { id: string, name: string, args: unknown }

export interface Result {
  call: Call
  text: string
  isError?: boolean
  /** A small PNG, base64; chat has no place for it. */
  image?: string
}

export interface Heard {
  text: string
  reasoning: string
  calls: Call[]
  /** Where each call stood in the stream; empty for whole answers, and for Gemini, which has no numbers. */
  indexes: number[]
  usage: { input: number, output: number } | undefined
}

export interface Ask { model: string, stream: boolean }

export interface Agent {
  say(text: string): void
  give(results: Result[]): void
  ask(ask: Ask): Promise<Heard>
}

export const agents: Record<DialectId, (options: AgentOptions) => Agent> = {
  'openai-chat': chatAgent,
  'openai-responses': responsesAgent,
  'anthropic': anthropicAgent,
  'gemini': geminiAgent,
}

const parsed = (text: string): unknown => JSON.parse(text || '{}') as unknown

/** What compatible servers add to the vendor's message. */
interface Extras { reasoning_content?: string, reasoning_details?: unknown[] }

function chatAgent({ url, key, tools, system, forgetful }: AgentOptions): Agent {
  const sdk = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 })
  const messages: OpenAI.ChatCompletionMessageParam[] = system ? [{ role: 'system', content: system }] : []

  async function ask({ model, stream }: Ask): Promise<Heard> {
    const body = { model, messages, tools: tools.map(tool => ({ type: 'function' as const, function: tool })), reasoning_effort: 'medium' as const, max_completion_tokens: 9000 }
    const indexes = new Set<number>()
    let message: OpenAI.ChatCompletionMessage & Extras
    let usage: OpenAI.CompletionUsage | undefined
    if (stream) {
      const runner = sdk.chat.completions.stream({ ...body, stream_options: { include_usage: true } })
      // The SDK keeps the last piece of fields it does not know; agents add them up.
      const extras: Required<Extras> = { reasoning_content: '', reasoning_details: [] }
      runner.on('chunk', ({ choices }) => {
        const delta: OpenAI.ChatCompletionChunk.Choice.Delta & Extras = choices[0]?.delta ?? {}
        extras.reasoning_content += delta.reasoning_content ?? ''
        extras.reasoning_details.push(...delta.reasoning_details ?? [])
        for (const call of delta.tool_calls ?? []) indexes.add(call.index)
      })
      const final = await runner.finalChatCompletion()
      message = { ...final.choices[0]!.message, ...extras }
      usage = final.usage
    }
    else {
      const completion = await sdk.chat.completions.create(body)
      message = completion.choices[0]!.message
      usage = completion.usage
    }
    const calls = (message.tool_calls ?? []).flatMap(call => call.type === 'function' ? [call] : [])
    messages.push(forgetful
      ? { role: 'assistant', content: message.content, ...(calls.length > 0 ? { tool_calls: calls.map(({ id, function: { name, arguments: args } }) => ({ id, type: 'function' as const, function: { name, arguments: args } })) } : {}) }
      : message)
    return {
      text: message.content ?? '',
      reasoning: message.reasoning_content ?? '',
      calls: calls.map(call => ({ id: call.id, name: call.function.name, args: parsed(call.function.arguments) })),
      indexes: [...indexes],
      usage: usage && { input: usage.prompt_tokens, output: usage.completion_tokens },
    }
  }

  return {
    say: text => messages.push({ role: 'user', content: text }),
    give: results => messages.push(...results.map(({ call, text }) => ({ role: 'tool' as const, tool_call_id: call.id, content: text }))),
    ask,
  }
}

function responsesAgent({ url, key, tools, system }: AgentOptions): Agent {
  const sdk = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 })
  const input: OpenAI.Responses.ResponseInputItem[] = []

  async function ask({ model, stream }: Ask): Promise<Heard> {
    const body = {
      model,
      input,
      ...(system ? { instructions: system } : {}),
      tools: tools.map(tool => ({ type: 'function' as const, strict: false, ...tool })),
      reasoning: { effort: 'medium' as const, summary: 'auto' as const },
      include: ['reasoning.encrypted_content' as const],
      store: false,
      max_output_tokens: 9000,
    }
    const indexes: number[] = []
    let response: OpenAI.Responses.Response
    if (stream) {
      const runner = sdk.responses.stream(body)
      runner.on('response.output_item.added', ({ output_index: index }) => indexes.push(index))
      response = await runner.finalResponse()
    }
    else response = await sdk.responses.create(body)
    input.push(...response.output as OpenAI.Responses.ResponseInputItem[])
    const { output, usage } = response
    return {
      text: output.flatMap(item => item.type === 'message' ? item.content : []).map(part => part.type === 'output_text' ? part.text : '').join(''),
      reasoning: output.flatMap(item => item.type === 'reasoning' ? item.summary : []).map(part => part.text).join(''),
      calls: output.flatMap(item => item.type === 'function_call' ? [{ id: item.call_id, name: item.name, args: parsed(item.arguments) }] : []),
      indexes,
      usage: usage && { input: usage.input_tokens, output: usage.output_tokens },
    }
  }

  return {
    say: text => input.push({ role: 'user', content: text }),
    give: results => input.push(...results.map(({ call, text, image }) => ({
      type: 'function_call_output' as const,
      call_id: call.id,
      output: image ? [{ type: 'input_text' as const, text }, { type: 'input_image' as const, detail: 'auto' as const, image_url: `data:image/png;base64,${image}` }] : text,
    }))),
    ask,
  }
}

function anthropicAgent({ url, key, tools, system }: AgentOptions): Agent {
  const sdk = new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 })
  const messages: Anthropic.MessageParam[] = []

  async function ask({ model, stream }: Ask): Promise<Heard> {
    const body: Anthropic.MessageCreateParamsNonStreaming = {
      model,
      max_tokens: 9000,
      messages,
      ...(system ? { system } : {}),
      ...(tools.length > 0 ? { tools: tools.map(tool => ({ name: tool.name, description: tool.description, input_schema: tool.parameters as Anthropic.Tool.InputSchema })) } : {}),
      thinking: { type: 'enabled', budget_tokens: 4000 },
    }
    const indexes: number[] = []
    let message: Anthropic.Message
    if (stream) {
      const runner = sdk.messages.stream(body)
      runner.on('streamEvent', event => event.type === 'content_block_start' && indexes.push(event.index))
      message = await runner.finalMessage()
    }
    else message = await sdk.messages.create(body)
    messages.push({ role: 'assistant', content: message.content })
    const { content, usage } = message
    return {
      text: content.map(block => block.type === 'text' ? block.text : '').join(''),
      reasoning: content.map(block => block.type === 'thinking' ? block.thinking : '').join(''),
      calls: content.flatMap(block => block.type === 'tool_use' ? [{ id: block.id, name: block.name, args: block.input }] : []),
      indexes,
      usage: { input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0), output: usage.output_tokens },
    }
  }

  function give(results: Result[]): void {
    messages.push({
      role: 'user',
      content: results.map(({ call, text, image, isError }) => ({
        type: 'tool_result' as const,
        tool_use_id: call.id,
        content: image ? [{ type: 'text' as const, text }, { type: 'image' as const, source: { type: 'base64' as const, media_type: 'image/png' as const, data: image } }] : text,
        ...(isError ? { is_error: true } : {}),
      })),
    })
  }

  return { say: text => messages.push({ role: 'user', content: text }), give, ask }
}

/** Google's own `Chat` keeps one content for every chunk of a stream. */
function geminiAgent({ url, key, tools, system }: AgentOptions): Agent {
  const sdk = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } })
  let history: Content[] = []
  let message: Part[] = []

  async function ask({ model, stream }: Ask): Promise<Heard> {
    const chat = sdk.chats.create({
      model,
      history,
      config: {
        ...(system ? { systemInstruction: system } : {}),
        ...(tools.length > 0 ? { tools: [{ functionDeclarations: tools.map(tool => ({ name: tool.name, description: tool.description, parametersJsonSchema: tool.parameters })) }] } : {}),
        thinkingConfig: { includeThoughts: true, thinkingBudget: 4000 },
        maxOutputTokens: 9000,
      },
    })
    const chunks: GenerateContentResponse[] = []
    if (stream) for await (const chunk of await chat.sendMessageStream({ message })) chunks.push(chunk)
    else chunks.push(await chat.sendMessage({ message }))
    history = chat.getHistory()
    const parts = chunks.flatMap(chunk => chunk.candidates?.[0]?.content?.parts ?? [])
    const usage = chunks.flatMap(chunk => chunk.usageMetadata ?? []).at(-1)
    return {
      text: parts.filter(part => !part.thought).map(part => part.text ?? '').join(''),
      reasoning: parts.filter(part => part.thought).map(part => part.text ?? '').join(''),
      calls: parts.flatMap(part => part.functionCall ? [{ id: part.functionCall.id ?? '', name: part.functionCall.name ?? '', args: part.functionCall.args }] : []),
      indexes: [],
      usage: usage && { input: (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0), output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0) },
    }
  }

  return {
    say: (text) => { message = [{ text }] },
    give: (results) => {
      message = results.map(({ call, text, image, isError }) => ({
        functionResponse: {
          ...(call.id ? { id: call.id } : {}),
          name: call.name,
          response: isError ? { error: text } : { result: text },
          ...(image ? { parts: [{ inlineData: { mimeType: 'image/png', data: image } }] } : {}),
        },
      }))
    },
    ask,
  }
}
