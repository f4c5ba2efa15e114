export interface ChatUsage { input: number, output: number }

export type ChatEvent =
  | { kind: 'text', text: string }
  | { kind: 'thinking', text: string }
  | { kind: 'usage', usage: ChatUsage }
  | { kind: 'picture', url: string }

/** What a call of the gateway ended with: its code in the words of the console, and its own message. */
export class ChatProblem extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string) {
    super(message)
    this.code = code
    this.status = status
  }
}

export interface ChatCall {
  secret: string
  body: Record<string, unknown>
  signal: AbortSignal
  /** The id of the request, as soon as the answer begins, failed or not. */
  onRequest: (id: string) => void
}

/** Calls Chat Completions as any tool does and hands on what comes. Throws ChatProblem, and AbortError when it is stopped. */
export async function* streamChat({ secret, body, signal, onRequest }: ChatCall): AsyncGenerator<ChatEvent> {
  const response = await fetch('/v1/chat/completions', {
    method: 'POST',
    signal,
    headers: { 'authorization': `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
  })
  const id = response.headers.get('x-request-id')
  if (id) onRequest(id)
  if (!response.ok || !response.body) throw problemOf(parse(await response.text()), response.status)
  for await (const data of readEvents(response.body)) {
    if (data === '[DONE]') return
    const chunk = recordOf(parse(data))
    if (chunk['error'] !== undefined) throw problemOf(chunk, response.status)
    yield* eventsOf(chunk)
  }
}

function* eventsOf(chunk: Loose): Generator<ChatEvent> {
  const [choice] = listOf(chunk['choices'])
  const delta = recordOf(recordOf(choice)['delta'])
  const thinking = textOf(delta['reasoning_content']) || textOf(delta['reasoning'])
  if (thinking) yield { kind: 'thinking', text: thinking }
  const text = textOf(delta['content']) || textOf(delta['refusal'])
  if (text) yield { kind: 'text', text }
  for (const picture of listOf(delta['images'])) {
    const url = textOf(recordOf(recordOf(picture)['image_url'])['url'])
    if (url.startsWith('data:image/')) yield { kind: 'picture', url }
  }
  const usage = recordOf(chunk['usage'])
  if (typeof usage['prompt_tokens'] === 'number' && typeof usage['completion_tokens'] === 'number') {
    yield { kind: 'usage', usage: { input: usage['prompt_tokens'], output: usage['completion_tokens'] } }
  }
}

/** The data of each server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const events = (rest + value).split(/\r?\n\r?\n/)
      rest = events.pop() ?? ''
      for (const event of events) {
        const data = event.split(/\r?\n/).filter(line => line.startsWith('data:')).map(line => line.slice(5).trimStart()).join('\n')
        if (data) yield data
      }
    }
  }
  finally {
    await reader.cancel().catch(() => {})
  }
}

/** OpenAI's own names for what this shop calls otherwise. */
const ownCodes: Record<string, string> = {
  invalid_api_key: 'invalid_key',
  insufficient_quota: 'insufficient_credit',
  rate_limit_exceeded: 'too_many_open',
  unsupported_parameter: 'unsupported_field',
  context_length_exceeded: 'context_too_long',
}

function problemOf(body: unknown, status: number): ChatProblem {
  const error = recordOf(recordOf(body)['error'])
  const code = textOf(error['code'])
  return new ChatProblem(ownCodes[code] ?? (code || 'unknown'), status, textOf(error['message']))
}

type Loose = Record<string, unknown>
const recordOf = (value: unknown): Loose => typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Loose : {}
const listOf = (value: unknown): unknown[] => Array.isArray(value) ? value : []
const textOf = (value: unknown): string => typeof value === 'string' ? value : ''

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  }
  catch { return undefined }
}
