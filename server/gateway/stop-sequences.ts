import type { Block, NeutralChoice, NeutralEvent, NeutralReply, TokenLogprob } from '#server/dialects/neutral'
import { AppError } from '#server/errors/app-error'

type TextDelta = Extract<NeutralEvent, { type: 'block-delta' }>

/** Every letter of an answer is compared with each of them. */
const STOPS_MAX = 64

/** Ends answers at stop sequences the upstream was not told of. */
export interface StopCut {
  cutReply(reply: NeutralReply): NeutralReply
  openStream(): StreamCut
}

interface StreamCut {
  /** What of the events the client gets now: letters that may begin a stop sequence wait for those behind them. */
  pass(events: NeutralEvent[]): NeutralEvent[]
  /** The answer has ended at a stop sequence; nothing that comes is for the client. */
  isCut(): boolean
}

/**
 * The text of an answer ends where the first of `stops` is complete, without it, as at a vendor that knows it. Only what
 * the model says is searched, not what it thinks or calls. Neighbouring blocks of text are one text, because clients join
 * them. Throws AppError `unsupported_field` for more stops than are looked for here.
 */
export function createStopCut(stops: string[]): StopCut {
  const wanted = [...new Set(stops)].filter(stop => stop !== '')
  if (wanted.length > STOPS_MAX) throw new AppError('unsupported_field', { field: 'stop', why: `at most ${STOPS_MAX} stop sequences are taken for this model` })
  return {
    cutReply: reply => wanted.length === 0 ? reply : { ...reply, choices: reply.choices.map(choice => cutChoice(choice, createMatcher(wanted))) },
    openStream: () => wanted.length === 0 ? { pass: events => events, isCut: () => false } : createStreamCut(createMatcher(wanted)),
  }
}

/** Looks for stops in a text that comes in pieces, each letter once (Knuth, Morris and Pratt). */
interface Matcher {
  /** The first stop that comes to its end in this piece, the longest if several do, and where that is. */
  push(text: string): { stop: string, end: number } | undefined
  /** How many of the last letters may begin a stop. */
  held(): number
  /** What comes next does not continue the text. */
  reset(): void
}

function createMatcher(stops: string[]): Matcher {
  const states = stops.map(stop => ({ stop, borders: bordersOf(stop), matched: 0 }))

  function push(text: string): { stop: string, end: number } | undefined {
    for (let at = 0; at < text.length; at++) {
      let found: string | undefined
      for (const state of states) {
        state.matched = step(state, text[at]!)
        if (state.matched === state.stop.length && state.matched > (found?.length ?? 0)) found = state.stop
      }
      if (found !== undefined) return { stop: found, end: at + 1 }
    }
    return undefined
  }

  return {
    push,
    held: () => Math.max(...states.map(state => state.matched)),
    reset() { for (const state of states) state.matched = 0 },
  }
}

function step({ stop, borders, matched }: { stop: string, borders: number[], matched: number }, letter: string): number {
  let length = matched
  while (length > 0 && stop[length] !== letter) length = borders[length - 1]!
  return stop[length] === letter ? length + 1 : 0
}

/** For each beginning of a text the longest shorter one that is also its end. */
function bordersOf(stop: string): number[] {
  const borders = [0]
  for (let at = 1; at < stop.length; at++) borders.push(step({ stop, borders, matched: borders[at - 1]! }, stop[at]!))
  return borders
}

function cutChoice(choice: NeutralChoice, matcher: Matcher): NeutralChoice {
  const { blocks } = choice
  for (const [index, block] of blocks.entries()) {
    if (block.type !== 'text') {
      matcher.reset()
      continue
    }
    const found = matcher.push(block.text)
    if (found) return { blocks: blocksBefore(blocks, index, found.end - found.stop.length), finish: 'stop-sequence', stopSequence: found.stop }
  }
  return choice
}

/** Blocks up to a letter of one of them; a number below 0 counts back into the texts before it. */
function blocksBefore(blocks: Block[], index: number, letter: number): Block[] {
  const block = blocks[index]
  if (block?.type !== 'text') return blocks.slice(0, index + 1)
  if (letter < 0) {
    const before = blocks[index - 1]
    return blocksBefore(blocks, index - 1, letter + (before?.type === 'text' ? before.text.length : 0))
  }
  // What a signature proves is the whole text.
  const { signature: _, logprobs, ...rest } = block
  const kept = logprobs && splitLogprobs(logprobs, letter)[0]
  return [...blocks.slice(0, index), ...(letter > 0 ? [{ ...rest, text: block.text.slice(0, letter), ...(kept ? { logprobs: kept } : {}) }] : [])]
}

interface CutState {
  matcher: Matcher
  texts: Set<number>
  /** Blocks the client knows to be open. */
  open: Set<number>
  /** What waits: letters that may begin a stop, and everything of texts behind them. */
  queue: NeutralEvent[]
  cut: boolean
}

function createStreamCut(matcher: Matcher): StreamCut {
  const state: CutState = { matcher, texts: new Set(), open: new Set(), queue: [], cut: false }
  return {
    pass: events => events.flatMap(event => tell(state, passOne(state, event))),
    isCut: () => state.cut,
  }
}

function tell(state: CutState, events: NeutralEvent[]): NeutralEvent[] {
  for (const event of events) {
    if (event.type === 'block-start') state.open.add(event.index)
    if (event.type === 'block-end') state.open.delete(event.index)
  }
  return events
}

function passOne(state: CutState, event: NeutralEvent): NeutralEvent[] {
  const { matcher, queue, texts } = state
  if (state.cut) return []
  if (event.type === 'block-start' && event.kind === 'text') texts.add(event.index)
  if (!('index' in event) || !texts.has(event.index)) {
    if (event.type !== 'block-start' && event.type !== 'media' && event.type !== 'finish') return [event]
    matcher.reset()
    return [...queue.splice(0), event]
  }
  queue.push(event)
  const found = event.type === 'block-delta' ? matcher.push(event.text) : undefined
  return found && event.type === 'block-delta' ? cut(state, found.stop, event.text.length - found.end) : release(queue, matcher.held())
}

/** Ends the answer before `stop`, behind which `rest` more letters have come. */
function cut(state: CutState, stop: string, rest: number): NeutralEvent[] {
  state.cut = true
  const last = tell(state, release(state.queue, stop.length + rest))
  return [
    ...last,
    ...[...state.open].map(index => ({ type: 'block-end' as const, index })),
    { type: 'finish', finish: 'stop-sequence', stopSequence: stop },
  ]
}

/** Takes from the queue what stands before its last `held` letters. */
function release(queue: NeutralEvent[], held: number): NeutralEvent[] {
  let free = queue.reduce((sum, event) => sum + lettersOf(event), 0) - held
  const released: NeutralEvent[] = []
  for (let event = queue[0]; event !== undefined; event = queue[0]) {
    if (lettersOf(event) > free) {
      if (free === 0 || event.type !== 'block-delta') break
      const [before, behind] = splitDelta(event, free)
      queue[0] = behind
      released.push(before)
      break
    }
    free -= lettersOf(event)
    released.push(event)
    queue.shift()
  }
  return released
}

function lettersOf(event: NeutralEvent): number {
  return event.type === 'block-delta' ? event.text.length : 0
}

function splitDelta(delta: TextDelta, at: number): [TextDelta, TextDelta] {
  const { logprobs, ...rest } = delta
  const [before, behind] = logprobs ? splitLogprobs(logprobs, at) : []
  return [
    { ...rest, text: delta.text.slice(0, at), ...(before ? { logprobs: before } : {}) },
    { ...rest, text: delta.text.slice(at), ...(behind ? { logprobs: behind } : {}) },
  ]
}

/** Tokens that end before a letter, and the others. */
function splitLogprobs(tokens: TokenLogprob[], letter: number): [TokenLogprob[], TokenLogprob[]] {
  let end = 0
  const first = tokens.findIndex(({ token }) => (end += token.length) > letter)
  return first === -1 ? [tokens, []] : [tokens.slice(0, first), tokens.slice(first)]
}
