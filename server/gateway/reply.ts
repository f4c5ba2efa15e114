import type { CallTarget, PassedThrough } from '#server/dialects/dialect'

/** What a client sent, without a platform: Node and fetch-style servers make the same `Call`. */
export interface Call {
  requestId: string
  target: CallTarget
  /** What the client speaks: its path's dialect, until the body has shown another. */
  dialect: PassedThrough
  /** Lower-case names. */
  headers: Record<string, string | undefined>
  /** `?key=` of the URL. */
  queryKey: string | undefined
  /** The peer's address, after trusted proxies. */
  address: string
  /** Reads the body once, refusing what is over the limit. */
  readBody(): Promise<Uint8Array>
  /** Aborts when the client leaves. */
  signal: AbortSignal
}

/** What goes back. A stream must be consumed or returned: its end is where the request is settled. */
export interface Reply {
  status: number
  headers: Record<string, string>
  body: Uint8Array | AsyncGenerator<Uint8Array>
}
