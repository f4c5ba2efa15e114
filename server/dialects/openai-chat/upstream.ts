import { z } from 'zod'
import { AppError } from '#server/errors/app-error'

const wireModels = z.looseObject({ data: z.array(z.looseObject({ id: z.string().min(1).max(200) })) })

export function writeModelsRequest(credential: string): { path: string, headers: Record<string, string> } {
  return { path: '/models', headers: { authorization: `Bearer ${credential}`, accept: 'application/json' } }
}

/** https://platform.openai.com/docs/api-reference/models/list */
export function readModels(body: Uint8Array): string[] {
  try {
    return wireModels.parse(JSON.parse(Buffer.from(body).toString('utf8'))).data.map(model => model.id)
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
}

export function writeProbe(model: string): Uint8Array {
  return Buffer.from(JSON.stringify({ model, messages: [{ role: 'user', content: 'Say "ok".' }], max_tokens: 16 }))
}

/** A last chunk with finish reason `length`, as the vendor ends an answer that hit its limit. */
export function writeLengthEnd(model: string): Uint8Array {
  const chunk = { id: 'chatcmpl-vapor', object: 'chat.completion.chunk', created: Math.floor(Date.now() / 1000), model, choices: [{ index: 0, delta: {}, finish_reason: 'length' }] }
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`)
}
