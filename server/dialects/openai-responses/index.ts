import type { Dialect } from '../dialect'
import { readUpstreamFailure, writeError, writeErrorFrame } from './error'
import { readNeutralReply } from './read-reply'
import { readNeutralRequest } from './read-request'
import { createStreamReader } from './read-stream'
import { readReply } from './reply'
import { readInputTexts, readRequest, writeUpstreamRequest } from './request'
import { createStreamMeter } from './stream'
import { keepAlive, readModels, streamType, terminator, writeLengthEnd, writeModelsRequest, writeProbe, writeUpstreamTarget } from './upstream'
import { TOOL_NAME } from './wire'
import { writeNeutralReply } from './write-reply'
import { writeNeutralRequest } from './write-request'
import { createStreamWriter } from './write-stream'

/** OpenAI Responses: https://platform.openai.com/docs/api-reference/responses */
export const openaiResponses: Dialect = {
  id: 'openai-responses',
  readRequest,
  readInputTexts,
  streamType,
  keepAlive,
  terminator,
  writeLengthEnd,
  writeError,
  writeErrorFrame,
  writeUpstreamRequest,
  readReply,
  createStreamMeter,
  readUpstreamFailure,
  toolName: TOOL_NAME,
  writeUpstreamTarget,
  writeNeutralRequest,
  readNeutralReply,
  createStreamReader,
  readNeutralRequest,
  writeNeutralReply,
  createStreamWriter,
  writeModelsRequest,
  readModels,
  writeProbe,
}
