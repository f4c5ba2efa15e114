import { isRecord } from '../talk.ts'
import { problemInContents, problemInPart } from './contents.ts'
import { at, camelKeys, firstProblem, listIn, recordIn, unknownField } from './fields.ts'
import { problemInSchema } from './schema.ts'

const fields = new Set(['contents', 'systemInstruction', 'generationConfig', 'safetySettings', 'tools', 'toolConfig', 'cachedContent', 'model', 'serviceTier'])
const countedFields = new Set(['contents', 'generateContentRequest', 'model'])
const configFields = new Set([
  'candidateCount', 'stopSequences', 'maxOutputTokens', 'temperature', 'topP', 'topK', 'seed', 'presencePenalty', 'frequencyPenalty',
  'responseMimeType', 'responseSchema', 'responseJsonSchema', 'responseLogprobs', 'logprobs', 'responseModalities', 'speechConfig',
  'thinkingConfig', 'imageConfig', 'mediaResolution', 'enableEnhancedCivicAnswers',
])
const thinkingFields = new Set(['includeThoughts', 'thinkingBudget', 'thinkingLevel'])
const toolFields = new Set([
  'functionDeclarations', 'googleSearch', 'googleSearchRetrieval', 'codeExecution', 'urlContext', 'computerUse', 'fileSearch', 'googleMaps',
])
const declarationFields = new Set(['name', 'description', 'behavior', 'parameters', 'parametersJsonSchema', 'response', 'responseJsonSchema'])
const toolConfigFields = new Set(['functionCallingConfig', 'retrievalConfig', 'includeServerSideToolInvocations'])
const callingFields = new Set(['mode', 'allowedFunctionNames'])

/** Returns the sentence Gemini refuses the body with, if it does. */
export function problemInGeminiBody(value: unknown, signed: boolean): string | undefined {
  if (!isRecord(value)) return 'Invalid JSON payload received. Expected an object.'
  const body = camelKeys(value)
  return unknownField(value, fields, '')
    ?? problemInSystem(body['systemInstruction'])
    ?? problemInConfig(body['generationConfig'])
    ?? problemInTools(body)
    ?? problemInContents(body['contents'], signed)
}

/** A request to count takes the contents alone, or a whole request in `generateContentRequest`. */
export function problemInCount(value: unknown): string | undefined {
  if (!isRecord(value)) return 'Invalid JSON payload received. Expected an object.'
  const unknown = unknownField(value, countedFields, '')
  if (unknown !== undefined) return unknown
  const body = camelKeys(value)
  return body['generateContentRequest'] === undefined
    ? problemInContents(body['contents'], false)
    : problemInGeminiBody(body['generateContentRequest'], false)
}

function problemInSystem(system: unknown): string | undefined {
  if (system == null) return undefined
  const parts = listIn(camelKeys(system), 'parts')
  if (parts.length === 0) return '* GenerateContentRequest.system_instruction.parts: must not be empty.'
  return unknownField(system, new Set(['role', 'parts']), 'system_instruction')
    ?? firstProblem(parts, (part, index) => problemInPart(part, `system_instruction.parts[${index}]`))
}

function problemInConfig(value: unknown): string | undefined {
  const path = 'generation_config'
  const config = camelKeys(value)
  const thinking = recordIn(config, 'thinkingConfig')
  const { temperature, maxOutputTokens: limit, stopSequences: stops } = config
  const unknown = unknownField(value, configFields, path) ?? unknownField(config['thinkingConfig'], thinkingFields, at(path, 'thinkingConfig'))
  if (unknown !== undefined) return unknown
  if (typeof temperature === 'number' && (temperature < 0 || temperature > 2)) {
    return `* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].`
  }
  if (limit != null && (typeof limit !== 'number' || limit < 1)) return 'max_output_tokens must be positive.'
  if (Array.isArray(stops) && stops.length > 5) return 'The number of stop sequences must be at most 5.'
  if (thinking['thinkingBudget'] !== undefined && thinking['thinkingLevel'] !== undefined) return 'You can only set only one of thinking budget and thinking level.'
  return problemInSchema(config['responseSchema'], at(path, 'responseSchema'))
}

function problemInTools(body: Record<string, unknown>): string | undefined {
  const problem = firstProblem(listIn(body, 'tools'), (tool, index) => {
    const path = `tools[${index}]`
    return unknownField(tool, toolFields, path)
      ?? firstProblem(listIn(camelKeys(tool), 'functionDeclarations'), (declaration, place) => problemInDeclaration(declaration, `${path}.function_declarations[${place}]`))
  })
  if (problem !== undefined) return problem
  const config = recordIn(body, 'toolConfig')
  const calling = recordIn(config, 'functionCallingConfig')
  const unknown = unknownField(body['toolConfig'], toolConfigFields, 'tool_config')
    ?? unknownField(config['functionCallingConfig'], callingFields, 'tool_config.function_calling_config')
  if (unknown !== undefined) return unknown
  const { mode } = calling
  if (mode !== undefined && !['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'].includes(String(mode))) {
    return `Invalid value at 'tool_config.function_calling_config.mode' (type.googleapis.com/google.ai.generativelanguage.v1beta.FunctionCallingConfig.Mode), ${JSON.stringify(mode)}`
  }
  return listIn(calling, 'allowedFunctionNames').length > 0 && mode !== 'ANY' && mode !== 'VALIDATED'
    ? 'Allowed function names can only be set when the function calling mode is ANY or VALIDATED.'
    : undefined
}

function problemInDeclaration(value: unknown, path: string): string | undefined {
  const unknown = unknownField(value, declarationFields, path)
  if (unknown !== undefined) return unknown
  const { name, parameters, parametersJsonSchema } = camelKeys(value)
  if (typeof name !== 'string' || !/^[a-zA-Z_][\w.:-]{0,127}$/.test(name)) {
    return `* GenerateContentRequest.${path}.name: Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.`
  }
  if (parameters != null && parametersJsonSchema != null) return `* GenerateContentRequest.${path}: parameters_json_schema must not be set when parameters is set.`
  return problemInSchema(parameters, `${path}.parameters`)
}
