/**
 * What the four dialects have in common. `read…` turns wire into this, `write…` turns this into wire: eight
 * half-converters instead of twelve pairs. What has no word here travels in `extra` and is read by its own dialect only.
 */
import type { DialectId } from '#shared/schemas/channel'
import type { Usage } from '#shared/schemas/price'
import type { Quirks } from '#shared/schemas/quirks'

export interface NeutralRequest {
  model: string
  stream: boolean
  /** Instructions before the first message: texts. Later ones stand among the messages as role `system`. */
  system: TextBlock[]
  messages: Message[]
  tools: Tool[]
  toolChoice: ToolChoice | undefined
  /** False: at most one call a turn. */
  parallelTools: boolean | undefined
  sampling: Sampling
  format: OutputFormat | undefined
  reasoning: ReasoningControl | undefined
  /** Who is asking, as the client named him; never sent on in clear. */
  userId: string | undefined
  /** Fields of a dialect that have no word here, by the names they have there. */
  extra: Partial<Record<DialectId, Record<string, unknown>>>
}

export interface Message {
  /** Tool results stand in messages of role `tool`; calls in those of the assistant. */
  role: 'system' | 'user' | 'assistant' | 'tool'
  blocks: Block[]
}

export type Block = TextBlock | MediaBlock | ToolCallBlock | ToolResultBlock | ReasoningBlock | RefusalBlock

/** A cache breakpoint behind this block. */
export interface CacheHint { ttl: '5m' | '1h' }

/**
 * Opaque proof of a model's reasoning. Only the dialect that made it can use it; a foreign one is dropped, never sent.
 * `item` is the id an OpenAI Responses reasoning item is bound to.
 */
export interface Signature { dialect: DialectId, value: string, item?: string }

export interface TextBlock { type: 'text', text: string, cache?: CacheHint, signature?: Signature, citations?: Citation[], logprobs?: TokenLogprob[] }
export interface MediaBlock {
  type: 'media'
  media: 'image' | 'document' | 'audio' | 'video'
  /** Such as `image/png`; undefined when only a URL is known. */
  mime: string | undefined
  /** Standard base64 with padding. Exactly one of data, url and text is there. */
  data?: string
  url?: string
  /** A document that is plain text. */
  text?: string
  name?: string
  /** OpenAI's `low`, `high`, `auto`. */
  detail?: string
  cache?: CacheHint
}
/** Arguments stay text: they may be cut or invalid. Dialects that want an object parse them when they write. */
export interface ToolCallBlock { type: 'tool-call', id: string, name: string, args: string, signature?: Signature, cache?: CacheHint }
export interface ToolResultBlock { type: 'tool-result', id: string, name: string | undefined, blocks: (TextBlock | MediaBlock)[], isError: boolean, cache?: CacheHint }
/** `redacted`: the vendor shows nothing but the signature. */
export interface ReasoningBlock { type: 'reasoning', text: string, redacted?: boolean, signature?: Signature }
export interface RefusalBlock { type: 'refusal', text: string }
export interface Citation { url: string, title: string | undefined }

/** Natural logarithm of a token's probability. `bytes` where the vendor says them: a token may be a part of a letter. */
export interface TokenChance { token: string, logprob: number, bytes?: number[] }
/** A token of the answer, and the likeliest ones at its place. */
export interface TokenLogprob extends TokenChance { top: TokenChance[] }

/** `parameters` is JSON schema of an object, as the client sent it. */
export interface Tool { name: string, description: string | undefined, parameters: Record<string, unknown>, strict: boolean | undefined, cache?: CacheHint }

export type ToolChoice =
  | { type: 'auto' } | { type: 'none' } | { type: 'required' }
  | { type: 'tool', name: string }
  /** Only these, and must one be called? */
  | { type: 'subset', names: string[], required: boolean }

export interface Sampling {
  /** Per choice, reasoning included. */
  outputMax?: number
  temperature?: number
  topP?: number
  topK?: number
  stop?: string[]
  seed?: number
  frequencyPenalty?: number
  presencePenalty?: number
  /** How many answers; 1 when absent. */
  choices?: number
  logprobs?: boolean
  topLogprobs?: number
}

export type OutputFormat =
  | { type: 'text' } | { type: 'json' }
  | { type: 'schema', name: string, schema: Record<string, unknown>, strict: boolean | undefined, description: string | undefined }

export const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const
export type Effort = typeof efforts[number]

/** How much to think: an effort, or a budget in tokens (-1: as the model likes). `visible`: the client wants to see it. */
export interface ReasoningControl { effort: Effort | undefined, budget: number | undefined, visible: boolean | undefined }

export type Finish = 'stop' | 'stop-sequence' | 'length' | 'tool-calls' | 'filtered' | 'refusal'

export interface NeutralReply {
  id: string | undefined
  /** As the upstream named it. */
  model: string | undefined
  choices: NeutralChoice[]
  usage: Usage | undefined
}

export interface NeutralChoice { blocks: Block[], finish: Finish, stopSequence: string | undefined }

/**
 * A stream. Blocks are numbered from 0 in the order they start; those of a stream may overlap (Chat Completions'
 * parallel calls do), `sequence.ts` puts them one behind the other for dialects that need it. A reader closes what it
 * opened, ends with one `finish`, and says usage whenever it learns better numbers.
 */
export type NeutralEvent =
  | { type: 'start', id: string | undefined, model: string | undefined }
  | { type: 'block-start', index: number, kind: 'text' | 'reasoning' | 'refusal' }
  | { type: 'block-start', index: number, kind: 'tool-call', id: string, name: string }
  /** More of the block's text: words, reasoning, a refusal, or the JSON of arguments. */
  | { type: 'block-delta', index: number, text: string, logprobs?: TokenLogprob[] }
  | { type: 'block-signature', index: number, signature: Signature, redacted?: boolean }
  | { type: 'block-citation', index: number, citation: Citation }
  | { type: 'block-end', index: number }
  /** A picture or sound, whole. */
  | { type: 'media', index: number, mime: string, data: string }
  | { type: 'usage', usage: Usage }
  | { type: 'finish', finish: Finish, stopSequence: string | undefined }

/**
 * A request for an upstream of another dialect: the body, what could not be carried, by the client's field names, and the
 * stop sequences the body has no room for, at which the gateway ends the answer itself.
 */
export interface WrittenRequest { body: Record<string, unknown>, dropped: string[], stops: string[] }

/** What a writer must know beside the neutral request. */
export interface WriteTarget {
  /** The upstream's name of the model. */
  model: string
  quirks?: Quirks
}

/** What a writer of answers must know of the call it answers. */
export interface AnswerContext {
  /** Vapor's request id; ids of answers are made from it. */
  requestId: string
  /** The public name the client asked for. */
  model: string
  /** Epoch seconds of the answer. */
  created: number
  /** The client asked for usage in its stream. */
  wantsUsage: boolean
  /** The neutral request, for dialects that echo it. */
  request: NeutralRequest
}

export interface StreamReader {
  /** Events of one frame's data. Throws AppError upstream_cut for an error in the stream, upstream_malformed for nonsense. */
  read(data: string): NeutralEvent[]
  /** Closes what is open at the end of the body, and finishes if the upstream forgot to. */
  end(): NeutralEvent[]
}

export interface StreamWriter {
  /** Frames for the client; empty when an event says nothing in this dialect. */
  write(event: NeutralEvent): Uint8Array
  /** The last frames, behind which nothing comes. */
  end(): Uint8Array
}
