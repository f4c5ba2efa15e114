import { talkOfAnthropic } from './anthropic/reply.ts'
import type { AnthropicBody } from './anthropic/reply.ts'
import type { Counts } from './counts.ts'
import { countsOf } from './counts.ts'
import { asGemini, talkOfGemini } from './gemini/reply.ts'
import { replyOf } from './openai-chat/reply.ts'
import type { ResponsesBody } from './openai-responses/reply.ts'
import { talkOfResponses } from './openai-responses/reply.ts'
import type { Reply } from './reply.ts'
import { replyToTalk } from './reply.ts'
import type { RecordedRequest } from './requests.ts'
import { isRecord } from './talk.ts'
import { readJson } from './vendor.ts'

/**
 * What the sandbox answered to a request it has recorded, in whichever dialect it came, and the true count of it. The
 * `sandbox-usage-*` scenarios report other numbers on the wire; these stay true. Throws for a request that had no reply.
 */
export function replyToRequest({ path, body, model }: Pick<RecordedRequest, 'path' | 'body' | 'model'>): Reply {
  const json = readJson(body)
  if (model === undefined || !isRecord(json)) throw new Error(`The sandbox cannot read the request to ${path}.`)
  if (path.startsWith('/upstream/gemini/')) return asGemini(replyToTalk(talkOfGemini(model, json)))
  if (path.startsWith('/upstream/anthropic/')) return replyToTalk(talkOfAnthropic(json as AnthropicBody))
  if (path.startsWith('/upstream/openai-responses/')) return replyToTalk(talkOfResponses(json as ResponsesBody))
  return replyOf(model, json)
}

/** What a recorded request costs: the same meaning of the four numbers in all dialects, so one formula gives the charge. */
export function countsOfRequest(request: Pick<RecordedRequest, 'path' | 'body' | 'model'>): Counts {
  return countsOf(replyToRequest(request))
}
