/** Runs an edge function as the platform does: its top level again for every call, web APIs and nothing else. */
import { readFileSync } from 'node:fs'
import { createContext, Script } from 'node:vm'
import type { KvNode } from './kv.ts'

export interface EdgeAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

export interface EdgeOptions {
  file: string
  /** The project's variables as they were at the deployment. */
  env: Record<string, string>
  /** Global variables: the name a namespace is bound under, and the namespace. */
  bindings: () => Record<string, KvNode>
}

const WEB = { crypto, TextEncoder, TextDecoder, URL, Headers, Request, Response, ReadableStream, AbortController, AbortSignal, setTimeout, clearTimeout, Uint8Array, ArrayBuffer, Promise, Error, TypeError }

export function createEdge({ file, env, bindings }: EdgeOptions) {
  const source = readFileSync(file, 'utf8').replace(/export\s*\{\s*onRequest\s*\};?\s*$/, 'globalThis.onRequest = onRequest;')
  const script = new Script(source, { filename: file })
  const frozen = Object.freeze({ ...env })

  return async function call(request: Request): Promise<EdgeAnswer> {
    const context = createContext({ ...WEB, ...bindings() })
    try {
      script.runInContext(context)
      const onRequest = (context as { onRequest: (call: { request: Request, env: Record<string, string> }) => Promise<Response> }).onRequest
      const response = await onRequest({ request, env: frozen })
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
    }
    catch { return { status: 545, headers: {}, body: 'Error return from script' } }
  }
}
