import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import type { Metered } from '../dialect'
import { textOfDelta, wireDelta } from './delta'
import { readUsage } from './usage'

const wire = z.looseObject({
  choices: z.array(z.looseObject({ message: wireDelta.nullish(), finish_reason: z.string().nullish() })),
  usage: z.unknown().optional(),
})

/** A whole answer: https://platform.openai.com/docs/api-reference/chat/object */
export function readReply(body: Uint8Array): Metered {
  const parsed = wire.safeParse(parse(body))
  if (!parsed.success) throw new AppError('upstream_malformed', {}, { cause: parsed.error })
  const text = parsed.data.choices.map(choice => choice.message ? textOfDelta(choice.message) : '').join('')
  const reported = readUsage(parsed.data.usage)
  return {
    usage: reported?.usage,
    clamped: reported?.clamped ?? false,
    text: () => text,
    textBytes: Buffer.byteLength(text),
    contentFrames: text ? 1 : 0,
    finished: true,
  }
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')) as unknown
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
}
