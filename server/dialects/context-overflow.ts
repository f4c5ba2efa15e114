/** What the four vendors say when a prompt is too long for the model. Agents match these words to make it shorter. */
const wordings = [
  // OpenAI: its limit stands before what was sent.
  /maximum context length is (?<maximum>[\d,]+) tokens(?:.*?(?:resulted in|requested(?: about)?|contains) (?:at least )?(?<tokens>[\d,]+)(?: input)? tokens)?/is,
  // Anthropic
  /prompt is too long(?:: (?<tokens>[\d,]+) tokens > (?<maximum>[\d,]+))?/i,
  // Gemini
  /input token count \(?(?<tokens>[\d,]+)?\)? ?exceeds the maximum number of tokens allowed(?: \(?(?<maximum>[\d,]+))?/i,
  // OpenAI Responses, and upstreams that are compatible with one of these.
  /context_length_exceeded|exceeds (?:the|this) (?:model's )?context (?:window|length|size)|input length and `?max_tokens`? exceed context limit/i,
]

/** Tokens sent and allowed, when the upstream's message says that the prompt is too long; undefined when it says something else. */
export function readContextOverflow(message: string): { tokens: number | undefined, maximum: number | undefined } | undefined {
  for (const wording of wordings) {
    const found = wording.exec(message)
    if (found) return { tokens: numberOf(found.groups?.tokens), maximum: numberOf(found.groups?.maximum) }
  }
  return undefined
}

function numberOf(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits.replaceAll(',', ''))
}
