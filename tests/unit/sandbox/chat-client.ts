import type { Sandbox } from '../../../sandbox/index.ts'

export interface ChunkLike {
  choices: { index: number, delta: Record<string, unknown>, finish_reason: string | null }[]
  usage?: Record<string, unknown> | null
  error?: { message: string }
}

export const question = [{ role: 'system', content: '简短回答。' }, { role: 'user', content: 'What is 一壶茶 🍵?' }]

/** Asks the fake upstream for a model, with further fields of the body as given. */
export function ask(sandbox: Sandbox, model: string, rest: Record<string, unknown> = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${sandbox.upstream.baseUrl}/chat/completions`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'authorization': `Bearer ${sandbox.upstream.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: question, ...rest }),
    ...init,
  })
}

/** The data of every event of a stream, as text. */
export async function readFrames(response: Response): Promise<string[]> {
  return framesIn(await response.text())
}

export function framesIn(text: string): string[] {
  return text.split(/\r?\n/).flatMap(line => /^data: ?(.*)$/.exec(line)?.[1] ?? [])
}

/** The parsed chunks of a healthy stream; [DONE] is left out. */
export async function readChunks(response: Response): Promise<ChunkLike[]> {
  return (await readFrames(response)).filter(frame => frame !== '[DONE]').map(frame => JSON.parse(frame) as ChunkLike)
}

/** One field of all deltas, joined. */
export function joined(chunks: ChunkLike[], field: string, index = 0): string {
  return chunks.flatMap(({ choices }) => choices.filter(choice => choice.index === index)).map(({ delta }) => delta[field] ?? '').join('')
}

/** Reads what arrives until the connection breaks or `enough` says so. */
export async function readUntil(response: Response, enough: (text: string) => boolean): Promise<{ text: string, broke: boolean }> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const part of response.body ?? []) {
      text += decoder.decode(part, { stream: true })
      if (enough(text)) break
    }
    return { text, broke: false }
  }
  catch {
    return { text, broke: true }
  }
}
