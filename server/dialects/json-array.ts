import type { ClientRequest } from './dialect'

/** What of an array was written; `reached` tells whether the client can have seen any of it. */
interface ArrayState { frames: number, reached: boolean }

/**
 * By the request object itself, because the port hands errors and terminators nothing else: whoever copies a request
 * between opening its stream and ending it writes a second `[`.
 */
const states = new WeakMap<ClientRequest, ArrayState>()

/** A new attempt to answer: what an earlier one wrote was held back and never left. */
export function openJsonArray(request: ClientRequest): void {
  states.set(request, { frames: 0, reached: false })
}

/**
 * A stream as one JSON array: `[` before the first element, `,\r\n` before every other. Frames without content are held
 * back until content comes, so only content tells that the bracket has left.
 */
export function writeJsonElement(request: ClientRequest, json: string, hasContent: boolean): Uint8Array {
  const state = stateOf(request)
  const head = state.frames === 0 ? '[' : ',\r\n'
  state.frames++
  if (hasContent) state.reached = true
  return Buffer.from(head + json)
}

/** The last element and the end, for an error: opens the array itself when no content has left. */
export function writeJsonLast(request: ClientRequest, json: string): Uint8Array {
  const state = stateOf(request)
  if (!state.reached) state.frames = 0
  return Buffer.concat([writeJsonElement(request, json, true), closeJsonArray(request)])
}

/** The end of the array: `[]` when nothing was written. */
export function closeJsonArray(request: ClientRequest): Uint8Array {
  return Buffer.from(stateOf(request).frames === 0 ? '[]' : ']')
}

function stateOf(request: ClientRequest): ArrayState {
  const known = states.get(request)
  if (known) return known
  const fresh = { frames: 0, reached: false }
  states.set(request, fresh)
  return fresh
}
