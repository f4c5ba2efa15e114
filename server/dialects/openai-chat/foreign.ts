import type { Wire } from './wire'
import { readCallSignature, recordOf, recordsOf, signatureOfDetail } from './wire'

/** What the signatures of other dialects begin with; in no other place would a client write it. */
const MARK = Buffer.from('vapor1.')

export function hasForeign(body: Uint8Array): boolean {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(MARK)
}

/** Messages without proofs of other dialects, which an upstream of this one could not read. */
export function withoutForeign(messages: Wire[]): Wire[] {
  return messages.map(({ reasoning_details: details, ...message }) => {
    const own = recordsOf(details).filter(detail => signatureOfDetail(detail).dialect === 'openai-chat')
    const calls = message.tool_calls === undefined ? {} : { tool_calls: recordsOf(message.tool_calls).map(withoutProof) }
    return { ...message, ...calls, ...(own.length > 0 ? { reasoning_details: own } : {}) }
  })
}

function withoutProof(call: Wire): Wire {
  const signature = readCallSignature(call, 'openai-chat')
  if (signature === undefined || signature.dialect === 'openai-chat') return call
  const { extra_content: extra, ...rest } = call
  const { google: _, ...others } = recordOf(extra)
  return Object.keys(others).length > 0 ? { ...rest, extra_content: others } : rest
}
