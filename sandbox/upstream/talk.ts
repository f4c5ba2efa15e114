/** One contribution to a conversation. A tool's result is a turn of its own, whatever the dialect packs it into. */
export interface Turn {
  role: 'system' | 'user' | 'assistant' | 'tool'
  text: string
}

export interface OfferedTool {
  name: string
  /** JSON schema of the arguments. */
  parameters?: unknown
}

/**
 * A request as the scenarios see it, whatever its dialect: the same conversation is the same talk in all of them, so
 * it gets the same answer and costs the same.
 */
export interface Talk {
  model: string
  turns: Turn[]
  tools: OfferedTool[]
  /** The one tool that must be called, or `null` when none may be. */
  chosenTool?: string | null
  /** Whether several tools may be called at once. */
  parallel: boolean
  /** Whether the model may think before it speaks. */
  thinks: boolean
  maxTokens?: number
  choices: number
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The text of a message's content: a string as it is, or its text parts joined with nothing between. */
export function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: unknown) => isRecord(part) && typeof part['text'] === 'string' ? part['text'] : '').join('')
}
