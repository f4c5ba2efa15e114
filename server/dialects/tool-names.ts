import { createHash } from 'node:crypto'
import type { Block, NeutralReply, NeutralEvent, NeutralRequest, ToolChoice } from './neutral'

/** A made name has as many letters as every vendor takes. */
const LENGTH = 64
const HASH_LENGTH = 8

/** A request with names its upstream takes, and the way back for its answer. */
export interface LegalTools {
  request: NeutralRequest
  /** Some name was changed. */
  renamed: boolean
  readReply(reply: NeutralReply): NeutralReply
  readEvent(event: NeutralEvent): NeutralEvent
}

/**
 * Names of tools the upstream would refuse, changed in definitions, choice, calls and results alike, and changed back in
 * the answer. A made name depends on the name it stands for, so that a conversation keeps its prompt cache; nothing is
 * remembered between requests. A name no tool has passes as it is.
 */
export function legalTools(request: NeutralRequest, legal: RegExp): LegalTools {
  const names = namesIn(request)
  const made = new Map<string, string>()
  const originals = new Map<string, string>()
  for (const name of names) {
    if (legal.test(name)) continue
    const other = makeName(name, candidate => names.has(candidate) || originals.has(candidate))
    made.set(name, other)
    originals.set(other, name)
  }
  if (made.size === 0) return { request, renamed: false, readReply: reply => reply, readEvent: event => event }
  const change = (name: string): string => made.get(name) ?? name
  const original = (name: string): string => originals.get(name) ?? name
  return {
    request: {
      ...request,
      tools: request.tools.map(tool => ({ ...tool, name: change(tool.name) })),
      toolChoice: request.toolChoice && changeChoice(request.toolChoice, change),
      messages: request.messages.map(message => ({ ...message, blocks: message.blocks.map(block => changeBlock(block, change)) })),
    },
    renamed: true,
    readReply: reply => ({ ...reply, choices: reply.choices.map(choice => ({ ...choice, blocks: choice.blocks.map(block => changeBlock(block, original)) })) }),
    readEvent: event => event.type === 'block-start' && event.kind === 'tool-call' ? { ...event, name: original(event.name) } : event,
  }
}

function namesIn({ tools, toolChoice, messages }: NeutralRequest): Set<string> {
  const called = messages.flatMap(message => message.blocks.flatMap(block => (block.type === 'tool-call' || block.type === 'tool-result') && block.name ? [block.name] : []))
  const chosen = toolChoice?.type === 'tool' ? [toolChoice.name] : toolChoice?.type === 'subset' ? toolChoice.names : []
  return new Set([...tools.map(tool => tool.name), ...chosen, ...called])
}

/** What can be read of the name, and a hash of it: legal at every vendor, and no other tool's. */
function makeName(name: string, isTaken: (candidate: string) => boolean): string {
  const readable = name.replace(/[^\w-]/g, '_').replace(/^(?![A-Za-z_])/, '_').slice(0, LENGTH - HASH_LENGTH - 1)
  for (let round = 0; ; round++) {
    const hash = createHash('sha256').update(round === 0 ? name : `${round} ${name}`).digest('hex').slice(0, HASH_LENGTH)
    const candidate = `${readable}_${hash}`
    if (!isTaken(candidate)) return candidate
  }
}

function changeChoice(choice: ToolChoice, change: (name: string) => string): ToolChoice {
  if (choice.type === 'tool') return { ...choice, name: change(choice.name) }
  return choice.type === 'subset' ? { ...choice, names: choice.names.map(change) } : choice
}

function changeBlock(block: Block, change: (name: string) => string): Block {
  if (block.type === 'tool-call') return { ...block, name: change(block.name) }
  return block.type === 'tool-result' && block.name !== undefined ? { ...block, name: change(block.name) } : block
}
