import { z } from 'zod'
import type { Usage } from '#shared/schemas/price'

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const details = z.array(z.looseObject({ modality: z.string().nullish(), tokenCount: count.nullish() })).nullish()

const wire = z.looseObject({
  promptTokenCount: count.nullish(),
  toolUsePromptTokenCount: count.nullish(),
  cachedContentTokenCount: count.nullish(),
  candidatesTokenCount: count.nullish(),
  thoughtsTokenCount: count.nullish(),
  promptTokensDetails: details,
  toolUsePromptTokensDetails: details,
  cacheTokensDetails: details,
  candidatesTokensDetails: details,
})
type WireUsage = z.output<typeof wire>

export interface ReadUsage { usage: Usage, clamped: boolean }

/**
 * `usageMetadata` into disjoint classes. Cached tokens are part of the prompt, thoughts are not part of the candidates,
 * prompts of tools come on top of the prompt; audio is taken out of each by its modality. A part larger than its whole is
 * cut to it. Undefined when the prompt's count is missing or a number is none: zero counts are left out on the wire, but
 * no prompt is empty. https://ai.google.dev/api/generate-content#UsageMetadata
 */
export function readUsage(raw: unknown): ReadUsage | undefined {
  const parsed = wire.safeParse(raw)
  return parsed.success ? classesOf(parsed.data) : undefined
}

/** The usage of a stream: chunks repeat it, and the last does not always say the most. */
export interface UsageTally {
  add(raw: unknown): void
  read(): ReadUsage | undefined
}

/**
 * Per field the last value a chunk gave; for candidates the largest, because a stream of several internal turns starts
 * counting anew. Such a stream is marked as clamped: what Google bills for it is not known.
 */
export function createUsageTally(): UsageTally {
  let known: WireUsage | undefined
  let restarted = false

  function add(raw: unknown): void {
    const parsed = wire.safeParse(raw)
    if (!parsed.success) return
    const said = Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== null && value !== undefined)) as WireUsage
    const before = known?.candidatesTokenCount ?? 0
    if (said.candidatesTokenCount != null && said.candidatesTokenCount < before) {
      restarted = true
      said.candidatesTokenCount = before
      delete said.candidatesTokensDetails
    }
    known = { ...known, ...said }
  }

  function read(): ReadUsage | undefined {
    const classes = known && classesOf(known)
    return classes && { ...classes, clamped: classes.clamped || restarted }
  }

  return { add, read }
}

function classesOf(wire: WireUsage): ReadUsage | undefined {
  const { promptTokenCount, toolUsePromptTokenCount, cachedContentTokenCount, candidatesTokenCount, thoughtsTokenCount } = wire
  if (promptTokenCount == null) return undefined
  const cachedAudio = audioOf(wire.cacheTokensDetails)
  const heardFresh = Math.max(0, audioOf(wire.promptTokensDetails) - cachedAudio)
  const prompt = split(promptTokenCount, [cachedContentTokenCount ?? 0, heardFresh])
  const tools = split(toolUsePromptTokenCount ?? 0, [audioOf(wire.toolUsePromptTokensDetails)])
  const candidates = split(candidatesTokenCount ?? 0, [audioOf(wire.candidatesTokensDetails)])
  const classes: Usage = {
    input: prompt.rest + tools.rest,
    cachedInput: prompt.parts[0],
    audioInput: (prompt.parts[1] ?? 0) + (tools.parts[0] ?? 0),
    output: candidates.rest,
    reasoning: thoughtsTokenCount ?? 0,
    audioOutput: candidates.parts[0],
  }
  return {
    usage: Object.fromEntries(Object.entries(classes).filter(([, units]) => units)) as Usage,
    clamped: prompt.clamped || tools.clamped || candidates.clamped,
  }
}

function audioOf(list: z.output<typeof details>): number {
  return (list ?? []).reduce((sum, { modality, tokenCount }) => modality === 'AUDIO' ? sum + (tokenCount ?? 0) : sum, 0)
}

/** Takes parts out of a whole, each at most what is left. */
function split(whole: number, parts: number[]): { rest: number, parts: number[], clamped: boolean } {
  let rest = whole
  let clamped = false
  const taken = parts.map((wanted) => {
    const units = Math.min(wanted, rest)
    if (units !== wanted) clamped = true
    rest -= units
    return units
  })
  return { rest, parts: taken, clamped }
}

/** `usageMetadata` for a client. What was written to a cache counts as prompt: Gemini has no word for it. */
export function writeUsage(usage: Usage): Record<string, unknown> {
  const { input = 0, cachedInput = 0, cacheWrite5m = 0, cacheWrite1h = 0, audioInput = 0, output = 0, reasoning = 0, audioOutput = 0 } = usage
  const readText = input + cachedInput + cacheWrite5m + cacheWrite1h
  const prompt = readText + audioInput
  const candidates = output + audioOutput
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: candidates,
    totalTokenCount: prompt + candidates + reasoning,
    cachedContentTokenCount: cachedInput,
    thoughtsTokenCount: reasoning,
    promptTokensDetails: modalities(readText, audioInput),
    candidatesTokensDetails: modalities(output, audioOutput),
    cacheTokensDetails: modalities(cachedInput, 0),
  }
}

function modalities(text: number, audio: number): { modality: string, tokenCount: number }[] {
  return [{ modality: 'TEXT', tokenCount: text }, ...(audio > 0 ? [{ modality: 'AUDIO', tokenCount: audio }] : [])]
}
