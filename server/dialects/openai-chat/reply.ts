import type { Quirks } from '#shared/schemas/quirks'
import { AppError } from '#server/errors/app-error'
import type { Metered } from '../dialect'
import { readUsage } from './usage'
import { errorIn, isBroken, parseUpstream, recordOf, recordsOf, reportedUsage, textOfDelta } from './wire'

/**
 * A whole answer: https://platform.openai.com/docs/api-reference/chat/object
 * Throws AppError `upstream_malformed` for what is none, an error in the clothes of a 200 too.
 */
export function readReply(body: Uint8Array, quirks?: Quirks): Metered {
  const answer = parseUpstream(body)
  if (errorIn(answer) !== undefined || !Array.isArray(answer.choices)) throw new AppError('upstream_malformed', {}, { cause: new Error('no choices') })
  if (recordsOf(answer.choices).some(choice => isBroken(choice.finish_reason))) throw new AppError('upstream_malformed', {}, { cause: new Error('an error as finish reason') })
  const text = recordsOf(answer.choices).map(choice => textOfDelta(recordOf(choice.message))).join('')
  const reported = readUsage(reportedUsage(answer), quirks)
  return {
    usage: reported?.usage,
    clamped: reported?.clamped ?? false,
    text: () => text,
    textBytes: Buffer.byteLength(text),
    contentFrames: text ? 1 : 0,
    finished: true,
  }
}
