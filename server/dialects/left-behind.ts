/** What of a request has no place in another dialect. */
import type { DialectId } from '#shared/schemas/channel'
import type { MediaBlock, NeutralRequest } from './neutral'

/** Entry of `extra`: the tools came in Chat Completions' older form, so calls are answered in it. */
export const LEGACY = 'legacy functions'
/** Entries that only say how the client is to be answered: what they speak of was carried. */
export const notes = new Set([LEGACY, 'tools'])

/** Fields of other dialects that have no neutral word, by the names the client gave them. */
export function leftBehind({ extra }: NeutralRequest, own: DialectId): string[] {
  return Object.entries(extra).flatMap(([dialect, fields]) => dialect === own ? [] : Object.keys(fields).filter(field => !notes.has(field)))
}

/** Every picture and file, those in results of tools among them. */
export function mediaIn({ messages }: NeutralRequest): MediaBlock[] {
  const blocks = messages.flatMap(message => message.blocks)
  return [...blocks, ...blocks.flatMap(block => block.type === 'tool-result' ? block.blocks : [])].filter(block => block.type === 'media')
}

/** `auto` asks for nothing. */
export const hasDetail = (request: NeutralRequest): boolean => mediaIn(request).some(({ detail }) => detail !== undefined && detail !== 'auto')
