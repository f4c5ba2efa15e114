import { createHash } from 'node:crypto'
import { AppError } from '#server/errors/app-error'
import { writeDataUrl } from '../data-url'
import { effortOf } from '../effort'
import { TOP_LOGPROBS_MAX } from '../logprobs'
import { LEGACY, leftBehind } from '../left-behind'
import type { Block, MediaBlock, Message, NeutralRequest, Sampling, TextBlock, ToolCallBlock, ToolResultBlock, WriteTarget, WrittenRequest } from '../neutral'
import { legalToolId } from '../tool-ids'
import { callExtra, isPlain, writeDetail } from './wire'
import type { Wire } from './wire'

const STOP_MAX = 4
/** Claude Code's first system block changes with every build, which would break the upstream's prompt cache. */
const BILLING_LINE = /^x-anthropic-billing-header:/

/** What a body is written with: the fields left behind are collected on the way. */
interface Writing { dropped: Set<string>, stops: string[] }

/**
 * A neutral request as a body of this dialect: https://platform.openai.com/docs/api-reference/chat/create
 * Throws AppError `unsupported_field` for what has no form here: several answers, video, documents by URL.
 */
export function writeNeutralRequest(request: NeutralRequest, target: WriteTarget): WrittenRequest {
  const writing: Writing = { dropped: new Set(), stops: [] }
  const body: Wire = {
    ...writeExtra(request, writing),
    model: target.model,
    messages: writeMessages(request, writing),
    ...writeTools(request, writing),
    ...writeSampling(request.sampling, target, writing),
    ...writeFormat(request),
    ...writeEffort(request, writing),
    ...writeUser(request),
    ...(request.stream ? { stream: true, ...(target.quirks?.streamUsage === false ? {} : { stream_options: { include_usage: true } }) } : {}),
  }
  return { body, dropped: [...writing.dropped], stops: writing.stops }
}

function refuse(field: string, why: string): never {
  throw new AppError('unsupported_field', { field, why })
}

/** Fields without a neutral word: this dialect's own stay, those of another are left behind. */
function writeExtra(request: NeutralRequest, writing: Writing): Wire {
  for (const field of leftBehind(request, 'openai-chat')) writing.dropped.add(field)
  return Object.fromEntries(Object.entries(request.extra['openai-chat'] ?? {}).filter(([field]) => field !== LEGACY))
}

function writeMessages(request: NeutralRequest, writing: Writing): Wire[] {
  const system = writeSystem(request.system, writing)
  const written: Wire[] = system ? [{ role: 'system', content: system }] : []
  const messages = joinTurns(request.messages)
  messages.forEach((message) => {
    if (message.role === 'system') written.push(...systemMessages(message.blocks, writing))
    else if (message.role === 'assistant') written.push(...assistantMessages(message.blocks, writing))
    else written.push(...userMessages(message.blocks, writing))
  })
  return written
}

/** One message a turn of the assistant and one for all its results, because many compatible upstreams want roles to alternate. */
function joinTurns(messages: Message[]): Message[] {
  const joined: Message[] = []
  for (const message of messages) {
    const last = joined.at(-1)
    if (last && last.role === message.role && (message.role === 'assistant' || message.role === 'tool')) last.blocks.push(...message.blocks)
    else joined.push({ role: message.role, blocks: [...message.blocks] })
  }
  return joined
}

function writeSystem(blocks: TextBlock[], writing: Writing): string {
  blocks.forEach(block => noteHints(block, writing))
  return blocks.map(block => block.text).filter(text => text && !BILLING_LINE.test(text)).join('\n\n')
}

function systemMessages(blocks: Block[], writing: Writing): Wire[] {
  const content = writeSystem(blocks.filter(block => block.type === 'text'), writing)
  return content ? [{ role: 'system', content }] : []
}

/** Markers of a prompt cache have no form here: the upstream caches by itself. */
function noteHints(block: Block, writing: Writing): void {
  if ('cache' in block && block.cache) writing.dropped.add('cache_control')
}

/** Results first, each a message, then what else was said, and the pictures of the results behind them all. */
function userMessages(blocks: Block[], writing: Writing): Wire[] {
  const results = blocks.filter(block => block.type === 'tool-result')
  const parts = [...results.flatMap(result => pictureParts(result, writing)), ...blocks.flatMap(block => userParts(block, writing))]
  const messages: Wire[] = results.map(result => toolMessage(result, writing))
  if (parts.length > 0) messages.push(userMessage(parts))
  return messages
}

function userMessage(parts: Wire[]): Wire {
  const [only] = parts
  return { role: 'user', content: parts.length === 1 && only?.type === 'text' ? only.text : parts }
}

function toolMessage(result: ToolResultBlock, writing: Writing): Wire {
  noteHints(result, writing)
  const texts = result.blocks.filter(block => block.type === 'text').map(block => block.text)
  const hasMedia = result.blocks.some(block => block.type === 'media')
  const text = texts.join('\n') || (hasMedia ? '(see the next message of the user)' : '')
  return { role: 'tool', tool_call_id: legalToolId(result.id), content: result.isError ? `Error: ${text}` : text }
}

/** A message of a tool takes no pictures, so they follow in one of the user: https://platform.openai.com/docs/guides/function-calling */
function pictureParts(result: ToolResultBlock, writing: Writing): Wire[] {
  const media = result.blocks.filter(block => block.type === 'media')
  if (media.length === 0) return []
  return [{ type: 'text', text: `Result of the tool call ${legalToolId(result.id)}:` }, ...media.map(block => mediaPart(block, writing))]
}

function userParts(block: Block, writing: Writing): Wire[] {
  noteHints(block, writing)
  if (block.type === 'text') return block.text ? [{ type: 'text', text: block.text }] : []
  return block.type === 'media' ? [mediaPart(block, writing)] : []
}

type WriteMedia = (block: MediaBlock) => Wire

const mediaWriters: Record<MediaBlock['media'], WriteMedia> = {
  image: block => ({ type: 'image_url', image_url: { url: block.url ?? writeDataUrl(block.mime ?? 'image/png', block.data ?? ''), ...(block.detail ? { detail: block.detail } : {}) } }),
  document: writeDocument,
  audio: writeAudio,
  video: () => refuse('messages.content', 'this model takes no video'),
}

function mediaPart(block: MediaBlock, writing: Writing): Wire {
  noteHints(block, writing)
  return mediaWriters[block.media](block)
}

/** A plain text goes in as text, everything else as a file with its data. */
function writeDocument(block: MediaBlock): Wire {
  const { mime = 'application/pdf', data, name } = block
  const text = block.text ?? (mime.startsWith('text/') && data !== undefined ? Buffer.from(data, 'base64').toString('utf8') : undefined)
  if (text !== undefined) return { type: 'text', text: name ? `${name}:\n${text}` : text }
  if (data === undefined) return refuse('messages.content', 'this model takes documents as data, not by URL')
  return { type: 'file', file: { filename: name ?? 'document.pdf', file_data: writeDataUrl(mime, data) } }
}

const audioFormats: Record<string, string> = { 'audio/wav': 'wav', 'audio/x-wav': 'wav', 'audio/wave': 'wav', 'audio/mp3': 'mp3', 'audio/mpeg': 'mp3' }

function writeAudio(block: MediaBlock): Wire {
  const format = audioFormats[block.mime ?? '']
  if (!format || block.data === undefined) return refuse('messages.content', 'this model takes sound as wav or mp3 data only')
  return { type: 'input_audio', input_audio: { data: block.data, format } }
}

/** The turn as one message; pictures the assistant made follow as the user's, because its own messages take none. */
function assistantMessages(blocks: Block[], writing: Writing): Wire[] {
  blocks.forEach(block => noteHints(block, writing))
  const content = blocks.filter(block => block.type === 'text').map(block => block.text).join('')
  const refusal = blocks.filter(block => block.type === 'refusal').map(block => block.text).join('')
  const calls = blocks.filter(block => block.type === 'tool-call').map(writeCall)
  const pictures = blocks.filter(block => block.type === 'media').map(block => mediaPart(block, writing))
  const reasoning = writeReasoning(blocks, writing)
  const written: Wire[] = []
  if (content || refusal || calls.length > 0) {
    written.push({
      role: 'assistant',
      content: content || null,
      ...(refusal ? { refusal } : {}),
      ...reasoning,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    })
  }
  // Behind calls only their results may stand.
  if (pictures.length > 0 && calls.length === 0) written.push(userMessage([{ type: 'text', text: 'Pictures of your answer:' }, ...pictures]))
  else if (pictures.length > 0) writing.dropped.add('messages.content')
  return written
}

/** An upstream of this dialect gets its own proof back, where Google's endpoint looks for it. */
function writeCall(call: ToolCallBlock): Wire {
  const own = call.signature?.dialect === 'openai-chat' ? call.signature.value : undefined
  return { id: legalToolId(call.id), type: 'function', function: { name: call.name, arguments: call.args || '{}' }, ...(own === undefined ? {} : callExtra(own)) }
}

/**
 * Reasoning goes back only to the dialect that made it, in the field it came in: DeepSeek, Kimi and GLM want it inside a
 * tool loop, OpenRouter always.
 */
function writeReasoning(blocks: Block[], writing: Writing): Wire {
  const written: Wire = {}
  const details: Wire[] = []
  for (const block of blocks) {
    if (block.type !== 'reasoning') continue
    const { signature } = block
    if (signature?.dialect !== 'openai-chat') writing.dropped.add('reasoning')
    else if (isPlain(signature)) written[signature.value] = `${typeof written[signature.value] === 'string' ? String(written[signature.value]) : ''}${block.text}`
    else {
      const detail = writeDetail(block, details.length)
      if (detail) details.push(detail)
    }
  }
  return details.length > 0 ? { ...written, reasoning_details: details } : written
}

function writeTools(request: NeutralRequest, writing: Writing): Wire {
  const choice = request.toolChoice
  if (request.tools.some(tool => tool.cache)) writing.dropped.add('cache_control')
  // Few compatible upstreams know `allowed_tools`; fewer tools say the same to all of them.
  const tools = choice?.type === 'subset' ? request.tools.filter(tool => choice.names.includes(tool.name)) : request.tools
  if (tools.length === 0) {
    if (choice?.type === 'required' || choice?.type === 'tool' || (choice?.type === 'subset' && choice.required)) return refuse('tool_choice', 'the request has no tool to choose')
    return {}
  }
  return {
    tools: tools.map(({ name, description, parameters, strict }) => ({
      type: 'function',
      function: { name, ...(description === undefined ? {} : { description }), parameters, ...(strict === undefined ? {} : { strict }) },
    })),
    ...writeChoice(request),
    // True is the default, and some reasoning models refuse the field at all.
    ...(request.parallelTools === false ? { parallel_tool_calls: false } : {}),
  }
}

function writeChoice({ toolChoice }: NeutralRequest): Wire {
  if (!toolChoice) return {}
  if (toolChoice.type === 'tool') return { tool_choice: { type: 'function', function: { name: toolChoice.name } } }
  if (toolChoice.type === 'subset') return { tool_choice: toolChoice.required ? 'required' : 'auto' }
  return { tool_choice: toolChoice.type }
}

function clamp(value: number, low: number, high: number, field: string, writing: Writing): number {
  const cut = Math.min(high, Math.max(low, value))
  if (cut !== value) writing.dropped.add(field)
  return cut
}

/** What OpenAI's models that think before every answer take at its default alone: https://platform.openai.com/docs/guides/reasoning */
const fixedForReasoners: Record<string, number | undefined> = { temperature: 1, top_p: 1, logprobs: undefined, top_logprobs: undefined, frequency_penalty: 0, presence_penalty: 0 }
const alwaysReasons = /^(?:o\d|gpt-5(?:-(?:mini|nano|pro|codex))?(?:-\d{4}-\d\d-\d\d)?$)/

function writeSampling(sampling: Sampling, { model, quirks }: WriteTarget, writing: Writing): Wire {
  if ((sampling.choices ?? 1) > 1) return refuse('n', 'one request gets one answer here')
  if (sampling.topK !== undefined) writing.dropped.add('top_k')
  const { outputMax, temperature, topP, stop = [], seed, frequencyPenalty, presencePenalty, logprobs, topLogprobs } = sampling
  const stops = alwaysReasons.test(model) ? [] : stop.slice(0, STOP_MAX)
  writing.stops = stop.slice(stops.length)
  const body: Wire = {
    [quirks?.maxTokens ?? 'max_completion_tokens']: outputMax,
    temperature: temperature === undefined ? undefined : clamp(temperature, 0, 2, 'temperature', writing),
    top_p: topP === undefined ? undefined : clamp(topP, 0, 1, 'top_p', writing),
    stop: stops.length > 0 ? stops : undefined,
    seed,
    frequency_penalty: frequencyPenalty === undefined ? undefined : clamp(frequencyPenalty, -2, 2, 'frequency_penalty', writing),
    presence_penalty: presencePenalty === undefined ? undefined : clamp(presencePenalty, -2, 2, 'presence_penalty', writing),
    logprobs: logprobs || undefined,
    top_logprobs: logprobs && topLogprobs !== undefined ? clamp(topLogprobs, 0, TOP_LOGPROBS_MAX, 'top_logprobs', writing) : undefined,
  }
  return Object.fromEntries(Object.entries(body).filter(([field, value]) => {
    if (value === undefined) return false
    const refused = field in fixedForReasoners && value !== fixedForReasoners[field] && alwaysReasons.test(model)
    if (refused) writing.dropped.add(field)
    return !refused
  }))
}

function writeFormat({ format }: NeutralRequest): Wire {
  if (!format || format.type === 'text') return {}
  if (format.type === 'json') return { response_format: { type: 'json_object' } }
  const { schema, strict, description } = format
  const name = format.name.replace(/[^\w-]/g, '_').slice(0, 64) || 'answer'
  return { response_format: { type: 'json_schema', json_schema: { name, ...(description === undefined ? {} : { description }), schema, ...(strict === undefined ? {} : { strict }) } } }
}

/** `none` is left out: only some models know the word, and those think by themselves only when asked. */
function writeEffort({ reasoning }: NeutralRequest, writing: Writing): Wire {
  const effort = reasoning ? effortOf(reasoning) : undefined
  if (effort === 'none') writing.dropped.add('reasoning')
  return effort === undefined || effort === 'none' ? {} : { reasoning_effort: effort }
}

/** The user's name never leaves in clear, and the field takes 64 characters: a hash fits both. */
function writeUser({ userId }: NeutralRequest): Wire {
  return userId === undefined ? {} : { safety_identifier: createHash('sha256').update(userId).digest('hex') }
}
