import { gemini } from '#server/dialects/gemini'
import { geminiEmbeddings } from '#server/endpoints/index'
import { AppError } from '#server/errors/app-error'
import type { Call, Reply } from './reply'
import type { Relay } from './relay'
import type { createModelList } from './models'
import type { createTokenCount } from './token-count'

export interface GeminiServices {
  relay: Relay
  countTokens: ReturnType<typeof createTokenCount>
  modelList: ReturnType<typeof createModelList>
}

/** Everything under `/v1beta/models`: the verb stands behind a colon, the model's name may hold slashes. */
export function serveGemini({ relay, countTokens, modelList }: GeminiServices, method: string | undefined, call: Call): Promise<Reply> {
  const name = call.target.path.replace(/^\/v1(?:beta)?\/models\/?/, '')
  if (method !== 'POST') return name === '' ? modelList.list(call) : modelList.one(call, name)
  const verb = name.slice(name.lastIndexOf(':') + 1)
  if (verb === 'generateContent' || verb === 'streamGenerateContent') return relay(gemini.id, call)
  if (verb === 'countTokens') return countTokens(gemini, call)
  if (verb === 'embedContent' || verb === 'batchEmbedContents') return relay(geminiEmbeddings, call)
  throw new AppError('not_found', { path: call.target.path.slice(0, 200) })
}
