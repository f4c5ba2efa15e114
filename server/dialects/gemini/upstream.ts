import { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import type { ClientRequest, Metered, UpstreamRequest } from '../dialect'
import { closeJsonArray, writeJsonElement } from '../json-array'
import { writeUsage } from './usage'
import { textOf } from './wire'

const NOTHING = new Uint8Array(0)

/** `/models/<model>:<verb>`; a stream is always asked for as events, whatever the client gets. */
export function writeUpstreamTarget({ model, credential, stream }: { model: string, credential: string, stream: boolean }): Omit<UpstreamRequest, 'body'> {
  const name = /^(?:models|tunedModels|publishers)\//.test(model) ? model : `models/${model}`
  const path = name.split('/').map(encodeURIComponent).join('/')
  return {
    path: `/${path}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    headers: { 'x-goog-api-key': credential, 'content-type': 'application/json', 'accept': stream ? 'text/event-stream' : 'application/json' },
  }
}

export function writeModelsRequest(credential: string): { path: string, headers: Record<string, string> } {
  return { path: '/models?pageSize=1000', headers: { 'x-goog-api-key': credential, 'accept': 'application/json' } }
}

const wireModels = z.looseObject({
  models: z.array(z.looseObject({ name: z.string().min(1).max(300), supportedGenerationMethods: z.array(z.string()).nullish() })),
})

/** Names without `models/`, only of those that generate content. https://ai.google.dev/api/models#method:-models.list */
export function readModels(body: Uint8Array): string[] {
  try {
    return wireModels.parse(JSON.parse(textOf(body))).models
      .filter(({ supportedGenerationMethods: methods }) => !methods || methods.includes('generateContent'))
      .map(({ name }) => name.replace(/^models\//, ''))
  }
  catch (cause) { throw new AppError('upstream_malformed', {}, { cause }) }
}

/** The model stands in the path, and 64 tokens leave one that thinks a few for the answer. */
export function writeProbe(_model: string): Uint8Array {
  return Buffer.from(JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Say "ok".' }] }], generationConfig: { maxOutputTokens: 64 } }))
}

/** The answer to `:countTokens`: https://ai.google.dev/api/tokens#response-body */
export function writeTokenCount(tokens: number): Uint8Array {
  return Buffer.from(JSON.stringify({ totalTokens: tokens }))
}

export function streamType(request: ClientRequest): string {
  return request.jsonArray ? 'application/json; charset=utf-8' : 'text/event-stream; charset=utf-8'
}

/** Blank lines: Google's SDKs for Python and Go take a comment for a broken chunk, and JSON allows white space. */
export function keepAlive(request: ClientRequest): Uint8Array {
  return Buffer.from(request.jsonArray ? '\n' : '\r\n\r\n')
}

/** A stream of events just ends; an array is closed. */
export function terminator(request: ClientRequest): Uint8Array {
  return request.jsonArray ? closeJsonArray(request) : NOTHING
}

/** A last chunk with `MAX_TOKENS`, as Google ends an answer that hit its limit. */
export function writeLengthEnd(request: ClientRequest, metered: Metered): Uint8Array {
  const chunk = {
    candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason: 'MAX_TOKENS', index: 0 }],
    ...(metered.usage ? { usageMetadata: writeUsage(metered.usage) } : {}),
    modelVersion: request.model,
  }
  return writeChunk(request, chunk, true)
}

/** One chunk of a stream in the form this client reads. */
export function writeChunk(request: ClientRequest, chunk: Record<string, unknown>, hasContent: boolean): Uint8Array {
  const json = JSON.stringify(chunk)
  return request.jsonArray ? writeJsonElement(request, json, hasContent) : Buffer.from(`data: ${json}\r\n\r\n`)
}
