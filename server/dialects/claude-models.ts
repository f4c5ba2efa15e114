/**
 * What Claude's names tell of their limits: the wire is one, but each generation refuses other fields.
 * https://docs.anthropic.com/en/docs/about-claude/models/overview
 */
export interface ClaudeModel {
  /** 406 for `claude-opus-4-6`; undefined for names that are none of Claude's, which are left alone as far as possible. */
  version: number | undefined
  /** Most output tokens of one answer; undefined when not known. */
  outputCap: number | undefined
  /** Sent when the client gave no limit, because the wire demands one. */
  outputDefault: number
  /** How thinking is switched on: with a budget, or left to the model with an effort. */
  thinking: 'none' | 'budget' | 'adaptive'
  /** Efforts beyond `high` the model takes. */
  efforts: readonly ('xhigh' | 'max')[]
  /** The sampling of newer models is fixed. */
  freeSampling: boolean
  /** Takes `output_config.format`. */
  schemas: boolean
  /** Takes instructions between the messages. */
  inlineSystem: boolean
  /** Knows `display` of thinking. */
  display: boolean
}

/** `claude-opus-4-6-20260205`, `claude-3-5-haiku-latest`, `anthropic/claude-haiku-4.5`, `us.anthropic.claude-sonnet-4@20250514`. */
const newer = /claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/i
const older = /claude-(\d)(?:[-.](\d))?(?!\d)/i

export function claudeModel(name: string): ClaudeModel {
  const [, major, minor = '0'] = newer.exec(name) ?? older.exec(name) ?? []
  const version = major === undefined ? undefined : Number(major) * 100 + Number(minor)
  const known = version ?? 0
  const outputCap = version === undefined ? undefined : capOf(known, name)
  const fallback = version === undefined ? 32_000 : known < 400 ? 8192 : known === 405 ? 64_000 : 32_000
  return {
    version,
    outputCap,
    outputDefault: Math.min(fallback, outputCap ?? fallback),
    thinking: version === undefined ? 'budget' : known < 307 ? 'none' : known < 406 ? 'budget' : 'adaptive',
    efforts: known > 406 ? ['xhigh', 'max'] : ['max'],
    freeSampling: known <= 406,
    schemas: version === undefined || known >= 401,
    inlineSystem: known >= 408,
    display: known >= 405,
  }
}

function capOf(version: number, name: string): number {
  if (version < 305) return 4096
  if (version < 307) return 8192
  if (version >= 406) return 128_000
  return /opus/i.test(name) && version < 405 ? 32_000 : 64_000
}
