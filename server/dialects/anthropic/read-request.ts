import { AppError } from '#server/errors/app-error'
import { standardBase64 } from '../data-url'
import type { ClientRequest } from '../dialect'
import { efforts } from '../neutral'
import type { Block, Effort, MediaBlock, Message, NeutralRequest, OutputFormat, ReasoningControl, Sampling, Signature, TextBlock, Tool, ToolChoice, ToolResultBlock } from '../neutral'
import { unwrapSignature } from '../signatures'
import { mintToolId } from '../tool-ids'
import { DROPPED } from './request'
import { blocksOf, cacheOf, citationOf, isRecord, parseBody, recordIn, requireWire, stringIn, wireWhole } from './wire'
import type { Json, WireBlock, WireContent, WireMessage, WireTool, WireWhole } from './wire'
import { TEXT_ITEM } from './write-reply'

/** Claude Code's first instruction: it changes with every build, and breaks the prompt cache of everybody else's. */
const BILLING_LINE = 'x-anthropic-billing-header'
const OWN_TOOL = 'this tool is known to Anthropic only; describe it with an input_schema'

/** Fields with a neutral word; what is not among them travels in `extra` for this dialect alone. */
const KNOWN = new Set<string>([
  'model', 'messages', 'system', 'max_tokens', 'stream', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'tools', 'tool_choice', 'thinking',
  'output_config', 'output_format', 'metadata', ...DROPPED,
])

/**
 * The request in neutral words. Throws AppError invalid_request for what the vendor would refuse, unsupported_field for
 * tools that only this vendor knows.
 */
export function readNeutralRequest(request: ClientRequest): NeutralRequest {
  const body = requireWire(wireWhole, parseBody(request.body))
  const extra = Object.fromEntries(Object.entries(body).filter(([name, value]) => !KNOWN.has(name) && value !== null && value !== undefined))
  return {
    model: body.model,
    stream: body.stream ?? false,
    system: readSystem(body.system ?? []),
    messages: readMessages(body.messages),
    tools: (body.tools ?? []).map(readTool),
    toolChoice: readToolChoice(body.tool_choice),
    parallelTools: body.tool_choice?.disable_parallel_tool_use === undefined || body.tool_choice.disable_parallel_tool_use === null ? undefined : !body.tool_choice.disable_parallel_tool_use,
    sampling: readSampling(body),
    format: readFormat(body),
    reasoning: readReasoning(body),
    userId: body.metadata?.user_id ?? undefined,
    extra: Object.keys(extra).length > 0 ? { anthropic: extra } : {},
  }
}

function readSystem(content: WireContent): TextBlock[] {
  return blocksOf(content).flatMap((block) => {
    const text = withoutBilling(stringIn(block, 'text') ?? '')
    return text ? [{ type: 'text', text, ...cacheField(block) }] : []
  })
}

/** The line usually has a block of its own, but older builds put the instructions behind it. */
function withoutBilling(text: string): string {
  if (!text.startsWith(BILLING_LINE)) return text
  const end = text.indexOf('\n')
  return end === -1 ? '' : text.slice(end + 1)
}

const cacheField = (record: Json): { cache?: NonNullable<ReturnType<typeof cacheOf>> } => {
  const cache = cacheOf(record)
  return cache ? { cache } : {}
}

function readMessages(messages: WireMessage[]): Message[] {
  /** Results carry no names; the calls before them do. */
  const names = new Map<string, string>()
  return messages.flatMap(({ role, content }): Message[] => {
    if (role === 'system') return filled('system', readSystem(content))
    if (role === 'assistant') return filled('assistant', readAssistant(blocksOf(content), names))
    const blocks = blocksOf(content)
    const results = blocks.filter(block => block.type === 'tool_result').map(block => readResult(block, names))
    const others = blocks.flatMap(block => block.type === 'tool_result' ? [] : readInput(block))
    return [...filled('tool', results), ...filled('user', others)]
  })
}

const filled = (role: Message['role'], blocks: Block[]): Message[] => blocks.length > 0 ? [{ role, blocks }] : []

/** Blocks a user may send. What only hosted tools leave behind has no neutral word and is left out. */
function readInput(block: WireBlock): (TextBlock | MediaBlock)[] {
  return Object.hasOwn(inputReaders, block.type) ? inputReaders[block.type]!(block) : []
}

const inputReaders: Record<string, (block: WireBlock) => (TextBlock | MediaBlock)[]> = {
  text(block) {
    const text = stringIn(block, 'text')
    return text ? [{ type: 'text', text, ...cacheField(block) }] : []
  },
  image: block => readSource(block, 'image'),
  document(block) {
    const context = stringIn(block, 'context')
    return [...(context ? [{ type: 'text' as const, text: context }] : []), ...readSource(block, 'document')]
  },
  search_result(block) {
    const head = [stringIn(block, 'title'), stringIn(block, 'source')].filter(Boolean).join('\n')
    const texts = [head, ...blocksOf(block.content).map(part => stringIn(part, 'text') ?? '')].filter(Boolean)
    return texts.length > 0 ? [{ type: 'text', text: texts.join('\n\n'), ...cacheField(block) }] : []
  },
  compaction(block) {
    const text = stringIn(block, 'content')
    return text ? [{ type: 'text', text, ...cacheField(block) }] : []
  },
}

function readSource(block: WireBlock, media: 'image' | 'document'): (TextBlock | MediaBlock)[] {
  const source = recordIn(block, 'source')
  const name = stringIn(block, 'title')
  const common = { type: 'media' as const, media, ...(name ? { name } : {}), ...cacheField(block) }
  const type = stringIn(source, 'type')
  const data = stringIn(source, 'data')
  const url = stringIn(source, 'url')
  if (type === 'base64' && data !== undefined) return [{ ...common, mime: stringIn(source, 'media_type'), data: standardBase64(data) }]
  if (type === 'text' && data !== undefined) return [{ ...common, mime: 'text/plain', text: data }]
  if (type === 'url' && url !== undefined) return [{ ...common, mime: undefined, url }]
  if (type === 'content') return blocksOf(source?.content).flatMap(readInput)
  throw new AppError('invalid_request', { problem: `messages: a source of an ${media} must be base64, text, url or content.` })
}

function readResult(block: WireBlock, names: Map<string, string>): ToolResultBlock {
  const id = stringIn(block, 'tool_use_id')
  if (!id) throw new AppError('invalid_request', { problem: 'messages: a tool_result needs its tool_use_id.' })
  return { type: 'tool-result', id, name: names.get(id), blocks: blocksOf(block.content).flatMap(readInput), isError: block.is_error === true, ...cacheField(block) }
}

function readAssistant(blocks: WireBlock[], names: Map<string, string>): Block[] {
  const read: Block[] = []
  const carried: Signature[] = []
  const homes = new Set([TEXT_ITEM, ...blocks.filter(block => block.type === 'tool_use').map(block => stringIn(block, 'id'))])
  for (const block of blocks) {
    if (block.type === 'redacted_thinking' || block.type === 'thinking') {
      const reasoning = readThinking(block)
      // What is bound to a call or to text is no reasoning: it only brings its signature back.
      if (reasoning.redacted && reasoning.signature?.item !== undefined && homes.has(reasoning.signature.item)) carried.push(reasoning.signature)
      else if (reasoning.text || reasoning.signature) read.push(reasoning)
    }
    else if (block.type === 'tool_use') {
      const call = readCall(block)
      names.set(call.id, call.name)
      read.push(call)
    }
    else read.push(...readCited(block))
  }
  for (const signature of carried) putBack(read, signature)
  return read
}

function readThinking(block: WireBlock): Extract<Block, { type: 'reasoning' }> {
  const redacted = block.type === 'redacted_thinking'
  const shown = stringIn(block, redacted ? 'data' : 'signature')
  const signature = shown ? unwrapSignature(shown, 'anthropic') : undefined
  return {
    type: 'reasoning',
    text: stringIn(block, 'thinking') ?? '',
    ...(redacted ? { redacted } : {}),
    ...(signature?.value ? { signature } : {}),
  }
}

function putBack(blocks: Block[], { item, ...signature }: Signature): void {
  const call = blocks.find(block => block.type === 'tool-call' && block.id === item)
  const home = call ?? (item === TEXT_ITEM ? blocks.findLast(block => block.type === 'text') : undefined)
  if (home?.type === 'tool-call' || home?.type === 'text') home.signature = signature
}

function readCall(block: WireBlock): Extract<Block, { type: 'tool-call' }> {
  const name = stringIn(block, 'name')
  if (!name) throw new AppError('invalid_request', { problem: 'messages: a tool_use needs its name.' })
  return { type: 'tool-call', id: stringIn(block, 'id') || mintToolId(), name, args: JSON.stringify(isRecord(block.input) ? block.input : {}), ...cacheField(block) }
}

function readCited(block: WireBlock): Block[] {
  const citations = Array.isArray(block.citations) ? block.citations.map(citationOf).filter(citation => citation !== undefined) : []
  return readInput(block).map(read => read.type === 'text' && citations.length > 0 ? { ...read, citations } : read)
}

function readTool(tool: WireTool, index: number): Tool {
  if (tool.type !== undefined && tool.type !== null && tool.type !== 'custom') throw new AppError('unsupported_field', { field: `tools.${index}.type`, why: OWN_TOOL })
  const name = stringIn(tool, 'name')
  if (!name) throw new AppError('invalid_request', { problem: `tools.${index}.name: a tool needs a name.` })
  return {
    name,
    description: stringIn(tool, 'description'),
    parameters: recordIn(tool, 'input_schema') ?? { type: 'object', properties: {} },
    strict: typeof tool.strict === 'boolean' ? tool.strict : undefined,
    ...cacheField(tool),
  }
}

function readToolChoice(choice: WireWhole['tool_choice']): ToolChoice | undefined {
  if (!choice) return undefined
  if (choice.type === 'auto' || choice.type === 'none') return { type: choice.type }
  if (choice.type === 'any') return { type: 'required' }
  if (choice.type === 'tool' && choice.name) return { type: 'tool', name: choice.name }
  throw new AppError('invalid_request', { problem: 'tool_choice.type: auto, any, none, or tool with its name.' })
}

function readSampling({ max_tokens: outputMax, temperature, top_p: topP, top_k: topK, stop_sequences: stop }: WireWhole): Sampling {
  const all = { outputMax, temperature, topP, topK, stop: stop?.some(Boolean) ? stop.filter(Boolean) : undefined }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== null)) as Sampling
}

function readFormat({ output_config: config, output_format: older }: WireWhole): OutputFormat | undefined {
  const format = config?.format ?? older
  if (!format) return undefined
  if (format.type !== 'json_schema' || !format.schema) throw new AppError('invalid_request', { problem: 'output_config.format: a json_schema with its schema.' })
  return { type: 'schema', name: 'answer', schema: format.schema, strict: undefined, description: undefined }
}

/** Thinking is shown unless the client says `omitted`; an effort alone is a wish for any model that can have one. */
function readReasoning({ thinking, output_config: config }: WireWhole): ReasoningControl | undefined {
  const wished = config?.effort
  const effort: Effort | undefined = efforts.find(name => name === wished)
  if (!thinking) return effort ? { effort, budget: undefined, visible: undefined } : undefined
  if (thinking.type === 'disabled') return { effort: 'none', budget: undefined, visible: undefined }
  const visible = thinking.display !== 'omitted'
  if (thinking.type === 'enabled') return { effort, budget: thinking.budget_tokens ?? undefined, visible }
  return { effort, budget: effort ? undefined : -1, visible }
}
