import { writeLogprobs } from '../logprobs'
import type { AnswerContext, Block, Citation, Finish, NeutralReply, OutputFormat, Signature, TextBlock, Tool, ToolChoice } from '../neutral'
import { wrapSignature } from '../signatures'
import type { Usage } from '#shared/schemas/price'
import { writeUsage } from './usage'
import type { ClientTool, Fields } from './wire'
import { clientTools, isFields, ownId, unwrapCustomInput } from './wire'

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

/**
 * Another dialect's answer as a response: https://platform.openai.com/docs/api-reference/responses/object
 * Only the first choice is there, as this API has no more.
 */
export function writeNeutralReply(reply: NeutralReply, context: AnswerContext): Uint8Array {
  const choice = reply.choices[0] ?? { blocks: [], finish: 'stop' as const }
  const ending = endingOf(choice.finish, choice.blocks.some(block => block.type === 'refusal'))
  const output = writeOutput(choice.blocks, context, ending.status)
  return Buffer.from(JSON.stringify(writeResponse(context, { ...ending, output, usage: reply.usage ?? {} })))
}

/** How an answer ended, in the words of this dialect. */
export interface Ending { status: 'completed' | 'incomplete', reason: 'max_output_tokens' | 'content_filter' | undefined }

/** A refusal in words is an answer; one without any is a filter's. */
export function endingOf(finish: Finish, hasRefusal: boolean): Ending {
  if (finish === 'length') return { status: 'incomplete', reason: 'max_output_tokens' }
  if (finish === 'filtered' || (finish === 'refusal' && !hasRefusal)) return { status: 'incomplete', reason: 'content_filter' }
  return { status: 'completed', reason: undefined }
}

function writeOutput(blocks: Block[], context: AnswerContext, status: Ending['status']): Fields[] {
  const items: Fields[] = []
  const tools = toolsOf(context)
  const id = (kind: string): string => ownId(kind, context.requestId, items.length)
  for (const block of blocks) {
    if (block.type === 'text' || block.type === 'refusal') {
      if (!block.text) continue
      const part = block.type === 'text' ? textPart(block) : refusalPart(block.text)
      const last = items.at(-1)
      if (last?.type === 'message' && Array.isArray(last.content)) last.content.push(part)
      else items.push(messageItem(id('msg'), [part], 'completed'))
      if (block.type === 'text' && block.signature) items.push(carrierItem(id('rs'), block.signature, TEXT_ITEM))
    }
    if (block.type === 'reasoning' && (block.text || block.signature)) items.push(reasoningItem(id('rs'), block.text, block.signature))
    // Arguments that are missing though the answer ended well are none.
    if (block.type === 'tool-call') items.push(callItem(id('fc'), { ...block, args: block.args || (status === 'completed' ? '{}' : '') }, tools.get(block.name), 'completed'))
    if (block.type === 'tool-call' && block.signature) items.push(carrierItem(id('rs'), block.signature, block.id))
    if (block.type === 'media' && block.media === 'image' && block.data) items.push(imageItem(id('ig'), block.data, block.mime))
  }
  const last = items.at(-1)
  if (status === 'incomplete' && last?.status === 'completed') last.status = 'incomplete'
  return items
}

/** How the client knows its tools, by the names other dialects see. */
export function toolsOf(context: AnswerContext): Map<string, ClientTool> {
  return clientTools(context.request.extra['openai-responses']?.tools)
}

/** A part of a message: words with their sources. */
export function textPart({ text, citations = [], logprobs = [] }: Pick<TextBlock, 'text' | 'citations' | 'logprobs'>): Fields {
  return { type: 'output_text', text, annotations: citations.map(citation => urlCitation(citation, text.length)), logprobs: writeLogprobs(logprobs) }
}

/** Other dialects do not say which words a source belongs to, so it stands for all before it. */
export function urlCitation(citation: Citation, length: number): Fields {
  return { type: 'url_citation', url: citation.url, title: citation.title ?? citation.url, start_index: 0, end_index: length }
}

/** A part of a message: a refusal. */
export function refusalPart(refusal: string): Fields {
  return { type: 'refusal', refusal }
}

/** An item of words. */
export function messageItem(id: string, content: Fields[], status: ItemStatus): Fields {
  return { id, type: 'message', status, role: 'assistant', content }
}

/** A signature of another dialect is wrapped; one of this dialect only where its item has another id. */
export function reasoningItem(id: string, text: string, signature: Signature | undefined): Fields {
  const own = signature?.dialect === 'openai-responses' && (signature.item === undefined || signature.item === id)
  return {
    id,
    type: 'reasoning',
    summary: text ? [{ type: 'summary_text', text }] : [],
    ...(signature ? { encrypted_content: own ? signature.value : wrapSignature(signature) } : {}),
  }
}

/** What a carried signature is bound to when it is text. */
export const TEXT_ITEM = 'text'

/**
 * A signature this dialect has no place for (Gemini signs calls and text) travels in an item of its own behind what it
 * belongs to, bound to the call's id, and is put back in its place when it returns.
 */
export function carrierItem(id: string, signature: Signature, item: string): Fields {
  return reasoningItem(id, '', { ...signature, item })
}

/** An item of a call, in the form of the client's own tool. */
export function callItem(id: string, call: { id: string, name: string, args: string }, tool: ClientTool | undefined, status: ItemStatus): Fields {
  const names = { call_id: call.id, name: tool?.name ?? call.name, ...(tool?.namespace === undefined ? {} : { namespace: tool.namespace }) }
  if (tool?.custom) return { id: id.replace(/^fc_/, 'ctc_'), type: 'custom_tool_call', status, ...names, input: call.args ? unwrapCustomInput(call.args) : '' }
  return { id, type: 'function_call', status, ...names, arguments: call.args }
}

/** A picture in the form this dialect has for one. */
export function imageItem(id: string, data: string, mime: string | undefined): Fields {
  return { id, type: 'image_generation_call', status: 'completed', result: data, output_format: mime?.split('/')[1] ?? 'png' }
}

export interface ResponseState {
  status: 'in_progress' | 'completed' | 'incomplete'
  reason: 'max_output_tokens' | 'content_filter' | undefined
  output: Fields[]
  /** Undefined while the answer is being made. */
  usage: Usage | undefined
}

/** The whole object, with the parameters of the request told again as the vendor does. */
export function writeResponse(context: AnswerContext, state: ResponseState): Fields {
  const { request } = context
  const extra = request.extra['openai-responses'] ?? {}
  const text = isFields(extra.text) ? extra.text : {}
  return {
    id: ownId('resp', context.requestId),
    object: 'response',
    created_at: context.created,
    status: state.status,
    background: false,
    completed_at: state.status === 'completed' ? Math.max(context.created, Math.floor(Date.now() / 1000)) : null,
    error: null,
    incomplete_details: state.reason === undefined ? null : { reason: state.reason },
    instructions: request.system.length > 0 ? request.system.map(block => block.text).join('\n\n') : null,
    max_output_tokens: request.sampling.outputMax ?? null,
    max_tool_calls: extra.max_tool_calls ?? null,
    metadata: extra.metadata ?? {},
    model: context.model,
    output: state.output,
    parallel_tool_calls: request.parallelTools ?? true,
    previous_response_id: null,
    prompt_cache_key: extra.prompt_cache_key ?? null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: request.reasoning?.visible ? 'auto' : null },
    safety_identifier: null,
    service_tier: 'default',
    store: false,
    temperature: request.sampling.temperature ?? 1,
    text: { format: echoFormat(request.format), verbosity: 'medium', ...text },
    tool_choice: echoChoice(request.toolChoice),
    tools: extra.tools ?? request.tools.map(echoTool),
    top_logprobs: request.sampling.topLogprobs ?? 0,
    top_p: request.sampling.topP ?? 1,
    truncation: extra.truncation ?? 'disabled',
    usage: state.usage === undefined ? null : writeUsage(state.usage),
    user: null,
  }
}

function echoFormat(format: OutputFormat | undefined): Fields {
  if (format?.type === 'json') return { type: 'json_object' }
  if (format?.type !== 'schema') return { type: 'text' }
  return { type: 'json_schema', name: format.name, schema: format.schema, strict: format.strict ?? false, description: format.description ?? null }
}

function echoChoice(choice: ToolChoice | undefined): unknown {
  if (choice?.type === 'tool') return { type: 'function', name: choice.name }
  if (choice?.type === 'subset') return { type: 'allowed_tools', mode: choice.required ? 'required' : 'auto', tools: choice.names.map(name => ({ type: 'function', name })) }
  return choice?.type ?? 'auto'
}

function echoTool(tool: Tool): Fields {
  return { type: 'function', name: tool.name, description: tool.description ?? null, parameters: tool.parameters, strict: tool.strict ?? false }
}
