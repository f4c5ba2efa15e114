import { AppError } from '#server/errors/app-error'
import type { Metered } from '../dialect'
import { readUsage } from './usage'
import { parseResponse, producedText, textOf } from './wire'

/**
 * A whole answer: https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse. One without candidates is a
 * blocked prompt. Throws AppError upstream_malformed.
 */
export function readReply(body: Uint8Array): Metered {
  const response = parseResponse(textOf(body))
  if (!response || response.error != null || !(response.candidates || response.promptFeedback)) throw new AppError('upstream_malformed')
  const text = (response.candidates ?? []).flatMap(({ content }) => content?.parts ?? []).map(producedText).join('')
  const reported = readUsage(response.usageMetadata)
  return {
    usage: reported?.usage,
    clamped: reported?.clamped ?? false,
    text: () => text,
    textBytes: Buffer.byteLength(text),
    contentFrames: text ? 1 : 0,
    finished: true,
  }
}
