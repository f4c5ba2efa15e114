import type { Metered } from '../dialect'
import { textOfBlock } from './stream'
import { readUsage } from './usage'
import { parseReply } from './wire'

/** A whole answer: https://docs.anthropic.com/en/api/messages. Throws AppError upstream_malformed for anything else. */
export function readReply(body: Uint8Array): Metered {
  const reply = parseReply(body)
  const text = reply.content.map(textOfBlock).join('')
  const reported = readUsage(reply.usage, reply.model ?? undefined)
  return {
    usage: reported?.usage,
    clamped: reported?.clamped ?? false,
    text: () => text,
    textBytes: Buffer.byteLength(text),
    contentFrames: text ? 1 : 0,
    finished: true,
  }
}
