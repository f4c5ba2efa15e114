import { isRecord } from '../talk.ts'
import { sign } from '../vendor.ts'
import { camelKeys, firstProblem, listIn, unknownField } from './fields.ts'

const contentFields = new Set(['role', 'parts'])
const dataFields = ['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse', 'executableCode', 'codeExecutionResult']
const partFields = new Set([...dataFields, 'thought', 'thoughtSignature', 'videoMetadata', 'mediaResolution', 'partMetadata'])
const callFields = new Set(['id', 'name', 'args'])
const responseFields = new Set(['id', 'name', 'response', 'parts', 'scheduling', 'willContinue'])

/** Written where a signature would stand by clients whose history comes from elsewhere; Google has documented both. */
const escapes = ['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go']

/** What the call of a function is signed with. */
export function callSignature(name: string): string {
  return sign('gemini call', name)
}

/** Why Gemini refuses the history; `signed` models want the signatures of the turn that is running back. */
export function problemInContents(value: unknown, signed: boolean): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return '* GenerateContentRequest.contents: contents is not specified'
  const contents = turnsIn(value)
  return firstProblem(value, (content, index) => problemInContent(content, `contents[${index}]`))
    ?? problemInOrder(contents)
    ?? (signed ? problemInSignatures(contents) : undefined)
}

/** Contents of the model in a row are one turn: Google's SDKs keep one for every chunk of a stream. */
export function turnsIn(contents: unknown[]): Record<string, unknown>[] {
  const turns: Record<string, unknown>[] = []
  for (const content of contents.map(camelKeys)) {
    const last = turns.at(-1)
    if (last?.['role'] === 'model' && content['role'] === 'model') last['parts'] = [...listIn(last, 'parts'), ...listIn(content, 'parts')]
    else turns.push(content)
  }
  return turns
}

function problemInContent(value: unknown, path: string): string | undefined {
  const unknown = unknownField(value, contentFields, path)
  if (unknown !== undefined) return unknown
  const { role, parts } = camelKeys(value)
  if (role !== undefined && role !== 'user' && role !== 'model') return 'Please use a valid role: user, model.'
  if (!Array.isArray(parts) || parts.length === 0) return `* GenerateContentRequest.${path}.parts: contents.parts must not be empty.`
  return firstProblem(parts, (part: unknown, index) => problemInPart(part, `${path}.parts[${index}]`))
}

export function problemInPart(value: unknown, path: string): string | undefined {
  const unknown = unknownField(value, partFields, path)
  if (unknown !== undefined) return unknown
  const part = camelKeys(value)
  const data = dataFields.filter(name => part[name] !== undefined)
  if (data.length === 0) return `* GenerateContentRequest.${path}.data: required oneof field 'data' must have one initialized field`
  if (data.length > 1) return `Invalid value at '${path}' (oneof), oneof field 'data' is already set. Cannot set '${data[1]}'`
  const { functionCall: call, functionResponse: response } = part
  return (isRecord(call) ? problemInFunction(call, callFields, 'args', `${path}.function_call`) : undefined)
    ?? (isRecord(response) ? problemInFunction(response, responseFields, 'response', `${path}.function_response`) : undefined)
}

/** Calls and responses: known fields, a name, and an object that is one. */
function problemInFunction(value: Record<string, unknown>, known: ReadonlySet<string>, content: string, path: string): string | undefined {
  const unknown = unknownField(value, known, path)
  if (unknown !== undefined) return unknown
  const { name, [content]: inner } = camelKeys(value)
  if (typeof name !== 'string' || name === '') return `* GenerateContentRequest.${path}.name: Name cannot be empty.`
  return inner === undefined || isRecord(inner) ? undefined : `Invalid value at '${path}.${content}' (type.googleapis.com/google.protobuf.Struct), ${JSON.stringify(inner)}`
}

function partsWith(content: Record<string, unknown> | undefined, name: string): Record<string, unknown>[] {
  return content ? listIn(content, 'parts').map(camelKeys).filter(part => isRecord(part[name])) : []
}

/** Calls come after a user's turn, and the next content has as many responses as there were calls. */
function problemInOrder(contents: Record<string, unknown>[]): string | undefined {
  return firstProblem(contents, (content, index) => {
    const calls = partsWith(content, 'functionCall').length
    const responses = partsWith(content, 'functionResponse').length
    const before = contents[index - 1]
    if (calls > 0 && before?.['role'] === 'model' && partsWith(before, 'functionCall').length === 0) return outOfOrder
    if (calls > 0 && index === 0) return outOfOrder
    const called = partsWith(before, 'functionCall').length
    return called !== responses
      ? 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.'
      : undefined
  })
}

const outOfOrder = 'Please ensure that function call turn comes immediately after a user turn or after a function response turn.'

/** The turn that is running began with the last thing the user said; the first call of each step of it is signed. */
function problemInSignatures(contents: Record<string, unknown>[]): string | undefined {
  const start = contents.findLastIndex((content) => {
    return content['role'] !== 'model' && listIn(content, 'parts').some(part => !isRecord(camelKeys(part)['functionResponse']))
  })
  return firstProblem(contents, (content, index) => {
    const [first] = index > start ? partsWith(content, 'functionCall') : []
    if (!first) return undefined
    const name = String(camelKeys(first['functionCall'])['name'])
    const signature = first['thoughtSignature']
    if (typeof signature !== 'string' || signature === '') {
      return 'Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing '
        + `thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${name}\` , position ${index + 1}.`
    }
    return signature === callSignature(name) || escapes.includes(signature) ? undefined : 'Thought signature is not valid.'
  })
}
