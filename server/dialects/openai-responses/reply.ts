import type { Metered } from '../dialect'
import { parseResponse } from './read-reply'
import { readUsage } from './usage'
import type { Fields } from './wire'
import { fieldsOf, reasoningText, textOf } from './wire'

/** A whole answer, passed through: https://platform.openai.com/docs/api-reference/responses/object */
export function readReply(body: Uint8Array): Metered {
  const response = parseResponse(body)
  const text = fieldsOf(response.output).map(textOfItem).join('')
  const reported = readUsage(response.usage)
  return {
    usage: reported?.usage,
    clamped: reported?.clamped ?? false,
    text: () => text,
    textBytes: Buffer.byteLength(text),
    contentFrames: text ? 1 : 0,
    finished: response.status === undefined || response.status === 'completed' || response.status === 'incomplete',
  }
}

/** Everything in an item that the model had to produce, as one text. */
export function textOfItem(item: Fields): string {
  const called = [item.name, item.arguments, item.input].map(value => textOf(value) ?? '').join('')
  if (item.type === 'reasoning') return reasoningText(item)
  return fieldsOf(item.content).map(part => textOf(part.text) ?? textOf(part.refusal) ?? '').join('') + called
}
