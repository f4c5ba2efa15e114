/** A call to an upstream, and its answer, without a platform. */
export interface UpstreamCall {
  method: 'GET' | 'POST'
  url: string
  headers: Record<string, string>
  body?: Uint8Array
  /** Its reason tells who ended the call. */
  signal: AbortSignal
}

export interface UpstreamReply {
  status: number
  headers: Record<string, string | undefined>
  /** Chunks as they arrive; breaking out of the loop closes the connection. */
  chunks: AsyncGenerator<Uint8Array>
}

/**
 * Opens a call. Rejects with AppError: `upstream_unavailable` (no connection, lost before an answer),
 * `upstream_timeout` (no headers in time); while reading `upstream_cut` and `upstream_stalled`.
 * An aborted signal rejects with its reason. `onAccepted` is told when the request is on its way to the upstream,
 * because from there on the upstream may bill it.
 */
export type Upstream = (call: UpstreamCall, onAccepted?: () => void) => Promise<UpstreamReply>

/** Both ways to make such calls take these: `upstream.node.ts`, and `upstream.fetch.ts` where the preset puts it in its place. */
export interface UpstreamOptions {
  allowPrivate: boolean
  headersTimeoutMs: number
  silenceTimeoutMs: number
  /** Calls go through this proxy, which then resolves names itself. Nothing lower than `fetch` has one. */
  proxyUrl?: string | undefined
}

/** All of an answer, up to a limit; undefined when it is longer. */
export async function readAll(chunks: AsyncGenerator<Uint8Array>, limitBytes: number): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.byteLength
    if (length > limitBytes) return undefined
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}
