import type { CallTarget, ClientRequest, UpstreamAccess, UpstreamRequest } from '#server/dialects/dialect'
import { authHeader } from '#server/dialects/quirks'
import { AppError } from '#server/errors/app-error'
import { fieldOf, patchForm, readForm, sizeOf } from './form-body'
import type { FormPart } from './form-body'
import { DROPPED } from './json-body'
import { requestOf } from './pass-through'

const MODEL_MAX = 200

export interface FormRequest {
  files: FormPart[]
  field(name: string): string | undefined
  /** A field with a whole number from 1 to `most`. */
  number(name: string, most: number): number | undefined
  base: ClientRequest
}

/** What every form has: the model, whether to stream, and bytes of text apart from files. Throws AppError `invalid_request`. */
export function readFormRequest(body: Uint8Array, { headers }: CallTarget): FormRequest {
  const contentType = headers['content-type'] ?? ''
  const parts = readForm(body, contentType)
  const files = parts.filter(part => part.filename !== undefined)
  const field = (name: string) => fieldOf(body, parts, name)
  const model = field('model')
  if (!model || model.length > MODEL_MAX) throw new AppError('invalid_request', { problem: 'model: say which model is meant.' })
  return {
    files,
    field,
    number(name, most) {
      const text = field(name)
      if (text === undefined || text === '') return undefined
      const value = Number(text)
      if (!Number.isInteger(value) || value < 1 || value > most) throw new AppError('invalid_request', { problem: `${name}: must be a whole number from 1 to ${most}.` })
      return value
    },
    base: requestOf({
      body,
      model,
      stream: field('stream')?.toLowerCase() === 'true',
      textBytes: sizeOf(parts) - sizeOf(files),
      dropped: DROPPED.filter(name => parts.some(part => part.name === name)),
      // The boundary travels with the bytes it divides.
      headers: { 'content-type': contentType },
    }),
  }
}

/** The same bytes, but for the model's name and what must not pass. */
export function writeForm(request: ClientRequest, upstream: UpstreamAccess, path: string): UpstreamRequest {
  const contentType = request.headers['content-type'] ?? ''
  const untouched = upstream.model === request.model && request.dropped.length === 0
  return {
    path,
    headers: { ...authHeader(upstream.credential, upstream.quirks), 'content-type': contentType, 'accept': request.stream ? 'text/event-stream' : '*/*' },
    body: untouched ? request.body : patchForm(request.body, readForm(request.body, contentType), { set: { model: upstream.model }, remove: request.dropped }),
  }
}

/** A field of a request that was read before. */
export function formText(request: ClientRequest, name: string): string[] {
  const text = fieldOf(request.body, readForm(request.body, request.headers['content-type']), name)
  return text ? [text] : []
}
