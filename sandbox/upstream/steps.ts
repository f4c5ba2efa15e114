/** One thing the upstream does on a connection. A script of them ends with the end of the response. */
export type Step
  = | { do: 'head', status: number, headers: Record<string, string | number> }
    | { do: 'write', data: string | Uint8Array }
    | { do: 'wait', ms: number }
    /** Says nothing more until the client leaves. */
    | { do: 'silence' }
    /** Drops the connection once everything written has left. */
    | { do: 'cut' }
    /** Drops the connection at once and rudely, with a TCP reset. */
    | { do: 'reset' }

/** A complete answer: objects go as JSON, text as HTML. */
export function answerSteps(status: number, body: object | string, headers: Record<string, string> = {}): Step[] {
  const data = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json'
  return [
    { do: 'head', status, headers: { 'content-type': type, 'content-length': data.length, ...headers } },
    { do: 'write', data },
  ]
}
