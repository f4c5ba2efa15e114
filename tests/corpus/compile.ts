/** Asks TypeScript whether a body is what a vendor's SDK would let a program send. */
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import type { DialectId } from '#shared/schemas/channel'

const head = `
import type Anthropic from '@anthropic-ai/sdk'
import type * as Google from '@google/genai'
import type OpenAI from 'openai'
/** Enums as the strings they are on the wire. */
type Wire<T> = T extends string ? \`\${T}\` : T extends (infer U)[] ? Wire<U>[] : T extends object ? { [K in keyof T]: Wire<T[K]> } : T
type Bodies = {
  'openai-chat': OpenAI.Chat.ChatCompletionCreateParams
  /** What a model said may come back without the id it had: other dialects have none, and with \`store: false\` nobody could look it up. */
  'openai-responses': Omit<OpenAI.Responses.ResponseCreateParams, 'input'> & { input?: string | (OpenAI.Responses.ResponseInputItem | Omit<OpenAI.Responses.ResponseOutputMessage, 'id' | 'status'>)[] }
  /** The SDK no longer names what the newest models refuse and all others take. */
  'anthropic': Anthropic.MessageCreateParams & { temperature?: number, top_p?: number, top_k?: number }
  'gemini': Wire<{ contents: Google.Content[], systemInstruction?: Google.Content, tools?: Google.Tool[], toolConfig?: Google.ToolConfig, generationConfig?: Google.GenerationConfig, safetySettings?: Google.SafetySetting[] }>
}
`

export interface TypedBody { name: string, dialect: DialectId, body: Record<string, unknown> }

/** What is wrong with each body, by its name. */
export function compile(bodies: TypedBody[]): Map<string, string[]> {
  const lines = bodies.map(({ dialect, body }, index) => `export const b${index}: Bodies['${dialect}'] = ${JSON.stringify(body).replace(/\u2028/g, '\\u2028').replace(/\u2029/g, '\\u2029')}`)
  const file = fileURLToPath(new URL('./bodies.generated.ts', import.meta.url))
  const text = `${head}${lines.join('\n')}\n`
  const options: ts.CompilerOptions = { strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: ['node'] }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = path => path === file || fileExists(path)
  host.getSourceFile = (path, ...rest) => path === file ? ts.createSourceFile(path, text, ts.ScriptTarget.ESNext) : getSourceFile(path, ...rest)
  const program = ts.createProgram([file], options, host)
  const source = program.getSourceFile(file)!
  const first = head.split('\n').length - 1
  const found = new Map<string, string[]>()
  for (const { start = 0, messageText } of [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]) {
    const at = source.getLineAndCharacterOfPosition(start).line - first
    const name = bodies[at]?.name ?? 'the head of the file'
    found.set(name, [...found.get(name) ?? [], ts.flattenDiagnosticMessageText(messageText, '\n')])
  }
  return found
}
