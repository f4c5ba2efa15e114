import type { Wire } from './wire'
import { readCallSignature, recordOf, recordsOf, signatureOfDetail } from './wire'

/** What the signatures of other dialects begin with; in no other place would a client write it. */
const MARK = Buffer.from('vapor1.')

export function hasForeign(body: Uint8Array): boolean {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(MARK)
}

/** Messages without proofs of other dialects, which an upstream of this one could not read; undefined when there are none. */
export function withoutForeign(messages: Wire[]): Wire[] | undefined {
  let found = false
  const cleaned = messages.map(({ reasoning_details: details, ...message }) => {
    const own = recordsOf(details).filter(detail => signatureOfDetail(detail).dialect === 'openai-chat')
    const sent = recordsOf(message.tool_calls)
    const calls = sent.map(withoutProof)
    if (own.length < recordsOf(details).length || calls.some((call, index) => call !== sent[index])) found = true
    return { ...message, ...(message.tool_calls === undefined ? {} : { tool_calls: calls }), ...(own.length > 0 ? { reasoning_details: own } : {}) }
  })
  return found ? cleaned : undefined
}

function withoutProof(call: Wire): Wire {
  const signature = readCallSignature(call, 'openai-chat')
  if (signature === undefined || signature.dialect === 'openai-chat') return call
  const { extra_content: extra, ...rest } = call
  const { google: _, ...others } = recordOf(extra)
  return Object.keys(others).length > 0 ? { ...rest, extra_content: others } : rest
}
