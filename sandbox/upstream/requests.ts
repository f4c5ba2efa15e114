import type { IncomingHttpHeaders } from 'node:http'

/** One request the fake upstream has received. Tests may read it while it is still running. */
export interface RecordedRequest {
  method: string
  /** Path and query, as they came. */
  path: string
  headers: IncomingHttpHeaders
  /** The body's bytes, untouched; empty until it has been read. */
  body: Buffer
  /** Milliseconds, on the sandbox's clock. */
  startedAt: number
  /** The model asked for, when the body could be read. */
  model: string | undefined
  /**
   * `finished` when the sandbox played its part to the end, deliberate cuts included; `aborted` when the client left
   * before; undefined while the answer is still on its way.
   */
  closed: 'finished' | 'aborted' | undefined
  /** How many pieces of the body were written so far; in a healthy stream each is one frame. */
  chunks: number
}

const requestsAtMost = 1000
const bytesAtMost = 64 * 1024 * 1024

/** The last 1,000 requests, or fewer when their bodies are beyond 64 MB together. */
export type RequestLog = ReturnType<typeof createRequestLog>

export function createRequestLog() {
  let requests: RecordedRequest[] = []
  return {
    add(request: RecordedRequest): void {
      requests.push(request)
      let bytes = requests.reduce((sum, { body }) => sum + body.length, 0)
      while (requests.length > requestsAtMost || (bytes > bytesAtMost && requests.length > 1)) {
        bytes -= requests.shift()?.body.length ?? 0
      }
    },
    /** A copy of the list; the entries are the live ones. */
    all: (): RecordedRequest[] => [...requests],
    clear(): void {
      requests = []
    },
  }
}
