import type { ClientRequest, PassedThrough } from '#server/dialects/dialect'
import { tokenFactor } from './factors'
import type { Counter } from './index'

const TOKENS_PER_MESSAGE = 4
const TOKENS_PER_CALL = 3
const TOKENS_PER_MEDIA = 1000

/** Tokens a request comes to for a model: its texts, counted, and a flat sum for each message and picture. */
export async function inputTokens(dialect: PassedThrough, request: ClientRequest, counter: Counter, model: string): Promise<number> {
  const { texts, messages } = dialect.readInputTexts(request)
  const counted = await counter.count(texts)
  return Math.ceil(counted * tokenFactor(model)) + messages * TOKENS_PER_MESSAGE + TOKENS_PER_CALL + request.mediaParts * TOKENS_PER_MEDIA
}
