import { camelFields, parseObject, readSignature, SKIP_SIGNATURE, wireContent } from './wire'
import type { WireContent, WirePart } from './wire'

/** How wrapped signatures begin here, in base64: `vapor1.` and `redacted.`. */
const MARKS = ['dmFwb3Ix', 'cmVkYWN0ZWQu'].map(text => Buffer.from(text))
const CALLS = ['"functionCall"', '"function_call"'].map(text => Buffer.from(text))

/**
 * The contents as Gemini takes them when part of the history is another dialect's: without its proofs, and with Google's
 * word for calls no Gemini model made. `lost` tells whether there were such proofs. Undefined when the bytes may stay.
 */
export function withoutForeign(body: Uint8Array): { contents: WireContent[], lost: boolean } | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (![...MARKS, ...CALLS].some(mark => bytes.includes(mark))) return undefined
  const { contents: sent } = camelFields(parseObject(body))
  if (!Array.isArray(sent)) return undefined
  let changed = false
  let lost = false
  let hasCall = false
  const contents = sent.map(content => wireContent.parse(content)).flatMap((content): WireContent[] => {
    // SDKs keep a content for every chunk of a stream: contents of the model in a row are one turn.
    if (content.role !== 'model') hasCall = false
    const parts = (content.parts ?? []).flatMap((part): WirePart[] => {
      const cleaned = cleanPart(part, !hasCall)
      if (part.functionCall) hasCall = true
      if (cleaned !== part) changed = true
      if (isForeign(part)) lost = true
      return cleaned ? [cleaned] : []
    })
    return parts.length > 0 || !content.parts?.length ? [{ ...content, parts }] : []
  })
  return changed ? { contents, lost } : undefined
}

/** Calls of this vendor have a signature or no id; one with an id alone was made elsewhere. */
function cleanPart(part: WirePart, isFirst: boolean): WirePart | undefined {
  const foreign = isForeign(part)
  if (foreign && (part.thought || (!part.functionCall && !part.text))) return undefined
  const { thoughtSignature, ...rest } = part
  if (isFirst && part.functionCall && (foreign || (!thoughtSignature && part.functionCall.id))) return { ...rest, thoughtSignature: SKIP_SIGNATURE }
  return foreign ? rest : part
}

function isForeign(part: WirePart): boolean {
  const signed = readSignature(part.thoughtSignature)
  return signed !== undefined && signed.signature.dialect !== 'gemini'
}
