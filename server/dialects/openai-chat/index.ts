import type { Dialect } from '../dialect'
import { readUpstreamFailure, writeError, writeErrorFrame } from './error'
import { readReply } from './reply'
import { readInputTexts, readRequest, writeUpstreamRequest } from './request'
import { createStreamMeter } from './stream'
import { readModels, writeLengthEnd, writeModelsRequest, writeProbe } from './upstream'

/** OpenAI Chat Completions: https://platform.openai.com/docs/api-reference/chat */
export const openaiChat: Dialect = {
  id: 'openai-chat',
  streamType: 'text/event-stream; charset=utf-8',
  readRequest,
  writeUpstreamRequest,
  readInputTexts,
  readReply,
  createStreamMeter,
  readUpstreamFailure,
  writeError,
  writeErrorFrame,
  writeLengthEnd,
  terminator: Buffer.from('data: [DONE]\n\n'),
  keepAlive: Buffer.from(': keep-alive\n\n'),
  writeModelsRequest,
  readModels,
  writeProbe,
}
