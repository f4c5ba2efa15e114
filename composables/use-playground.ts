import { api } from '#shared/schemas/api'
import type { RequestReply } from '#shared/schemas/request'
import { ChatProblem, streamChat } from '~/composables/use-chat-stream'
import type { ChatUsage } from '~/composables/use-chat-stream'

export const efforts = ['none', 'low', 'medium', 'high'] as const

/** What is asked along with the words; empty text leaves it to the model. */
export interface PlaygroundSettings {
  model: string
  system: string
  temperature: string
  maxTokens: string
  effort: '' | typeof efforts[number]
}

export interface Question { role: 'user', id: number, text: string, pictures: string[] }
export interface Answer {
  role: 'assistant'
  id: number
  model: string
  text: string
  thinking: string
  pictures: string[]
  state: 'running' | 'done' | 'stopped' | 'failed'
  problem: { code: string, message: string } | undefined
  request: string | undefined
  usage: ChatUsage | undefined
  /** What it cost, once the request is booked. */
  bill: Pick<RequestReply, 'cost' | 'usage' | 'durationMs' | 'firstByteMs'> | undefined
}
export type Turn = Question | Answer

const RENEW_BEFORE_MS = 60_000
const BILL_TRIES = 6
const BILL_WAIT_MS = 400

/** The conversation and everything it needs to go on. It lives in this page alone: nobody stores it. */
export function usePlayground(settings: PlaygroundSettings) {
  const turns = ref<Turn[]>([])
  const session = useSessionStore()
  const running = computed(() => turns.value.some(turn => turn.role === 'assistant' && turn.state === 'running'))
  const secretOf = usePlaygroundSecret()
  let stopper: AbortController | undefined
  let nextId = 1

  async function ask(text: string, pictures: string[]): Promise<void> {
    if (running.value) return
    turns.value.push({ role: 'user', id: nextId++, text, pictures })
    await answer()
  }

  /** Asks the last question again, in place of its last answer. */
  async function again(): Promise<void> {
    if (running.value) return
    if (turns.value.at(-1)?.role === 'assistant') turns.value.pop()
    if (turns.value.length > 0) await answer()
  }

  async function answer(): Promise<void> {
    const body = bodyOf(settings, turns.value)
    turns.value.push({ role: 'assistant', id: nextId++, model: settings.model, text: '', thinking: '', pictures: [], state: 'running', problem: undefined, request: undefined, usage: undefined, bill: undefined })
    const turn = turns.value.at(-1) as Answer
    stopper = new AbortController()
    const { signal } = stopper
    try {
      await receive(turn, body, signal)
      turn.state = 'done'
    }
    catch (error) {
      turn.state = signal.aborted ? 'stopped' : 'failed'
      if (!signal.aborted) turn.problem = readProblem(error)
    }
    await readBill(turn, `playground_${session.me?.id ?? ''}`)
    void session.refresh()
  }

  /** A key may have ended between two questions: then another is made, once. */
  async function receive(turn: Answer, body: Record<string, unknown>, signal: AbortSignal): Promise<void> {
    try {
      await receiveWith(await secretOf(), turn, body, signal)
    }
    catch (error) {
      if (!(error instanceof ChatProblem) || error.status !== 401 || turn.text !== '') throw error
      await receiveWith(await secretOf(true), turn, body, signal)
    }
  }

  async function receiveWith(secret: string, turn: Answer, body: Record<string, unknown>, signal: AbortSignal): Promise<void> {
    const onRequest = (id: string) => {
      turn.request = id
    }
    for await (const event of streamChat({ secret, body, signal, onRequest })) {
      if (event.kind === 'text') turn.text += event.text
      else if (event.kind === 'thinking') turn.thinking += event.text
      else if (event.kind === 'picture') turn.pictures.push(event.url)
      else turn.usage = event.usage
    }
  }

  function stop() {
    stopper?.abort()
  }

  function clear() {
    stop()
    turns.value = []
  }

  onScopeDispose(stop)
  return { turns, running, ask, again, stop, clear }
}

/** Keys of the playground, made when needed and kept for as long as they last. */
function usePlaygroundSecret() {
  let current: { secret: string, until: number } | undefined

  return async function secretOf(renew = false): Promise<string> {
    if (!renew && current && current.until - RENEW_BEFORE_MS > Date.now()) return current.secret
    const { secret, expiresAt } = await callApi(api.playgroundKey)
    current = { secret, until: Date.parse(expiresAt) }
    return secret
  }
}

/** The conversation in the words of Chat Completions. A failed answer is not part of it. */
export function bodyOf(settings: PlaygroundSettings, turns: Turn[]): Record<string, unknown> {
  const said = turns.filter(turn => turn.role === 'user' || turn.text !== '')
  return {
    model: settings.model,
    messages: [
      ...(settings.system.trim() ? [{ role: 'system', content: settings.system }] : []),
      ...said.map(turn => ({ role: turn.role, content: turn.role === 'user' ? contentOf(turn) : turn.text })),
    ],
    ...(settings.temperature === '' ? {} : { temperature: Number(settings.temperature) }),
    ...(settings.maxTokens === '' ? {} : { max_completion_tokens: Number(settings.maxTokens) }),
    ...(settings.effort === '' ? {} : { reasoning_effort: settings.effort }),
  }
}

function contentOf({ text, pictures }: Question): unknown {
  if (pictures.length === 0) return text
  return [
    ...(text ? [{ type: 'text', text }] : []),
    ...pictures.map(url => ({ type: 'image_url', image_url: { url } })),
  ]
}

function readProblem(error: unknown): { code: string, message: string } {
  if (error instanceof ChatProblem) return { code: error.code, message: error.message }
  const { code, message } = readApiError(error)
  return { code, message }
}

/**
 * The record of a request is there when its answer ends; one that was stopped takes a moment longer. It is looked for in
 * the list, because a call that was refused before it became a request has none.
 */
async function readBill(turn: Answer, key: string): Promise<void> {
  if (!turn.request || (turn.state === 'failed' && turn.text === '')) return
  for (let tries = 0; tries < BILL_TRIES && !turn.bill; tries++) {
    if (tries > 0) await new Promise(resolve => setTimeout(resolve, BILL_WAIT_MS))
    try {
      const { items } = await callApi(api.listOwnRequests, { query: { key, limit: 5 } })
      turn.bill = items.find(request => request.id === turn.request)
    }
    // Without its bill an answer is still an answer; the list of requests has it.
    catch { return }
  }
}
