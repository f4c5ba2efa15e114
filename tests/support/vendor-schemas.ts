/** JSON schema of each dialect's request, generated from the types of the vendor's SDK that is installed. */
import { fileURLToPath } from 'node:url'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { Ajv } from 'ajv'
import { createGenerator } from 'ts-json-schema-generator'
import type { DialectId } from '#shared/schemas/channel'

const types: Record<DialectId, string> = { 'openai-chat': 'OpenaiChatBody', 'openai-responses': 'OpenaiResponsesBody', 'anthropic': 'AnthropicBody', 'gemini': 'GeminiBody' }
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** One reading of the SDKs, about two seconds. Objects have no field their type does not name. */
const generator = createGenerator({
  path: here('./vendor-bodies.ts'),
  tsconfig: here('./vendor-bodies.tsconfig.json'),
  expose: 'all',
  jsDoc: 'none',
  additionalProperties: false,
})
const validators = new Map<DialectId, ValidateFunction>()

/** One schema a dialect: the SDKs give different types the same name. */
function validatorOf(id: DialectId): ValidateFunction {
  const known = validators.get(id)
  if (known) return known
  const made = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(generator.createSchema(types[id]))
  validators.set(id, made)
  return made
}

/** What the vendor's SDK would not send, as `path: what is wrong`; nothing for a body it would. */
export function wrongBy(id: DialectId, body: unknown): string[] {
  const validate = validatorOf(id)
  return validate(body) ? [] : likeliest(validate.errors ?? [])
}

/** A union complains for each of its members. Those of another `type` or `role` say nothing of use, the deepest most. */
function likeliest(errors: ErrorObject[]): string[] {
  const isOfOther = (error: ErrorObject): boolean => (error.keyword === 'const' || error.keyword === 'enum') && /\/(?:type|role|name)$/.test(error.instancePath)
  const memberOf = (error: ErrorObject): string => `${error.instancePath.replace(/\/(?:type|role|name)$/, '')} ${error.schemaPath.split('/').slice(0, 3).join('/')}`
  const others = new Set(errors.filter(isOfOther).map(memberOf))
  const telling = errors.filter(error => error.keyword !== 'anyOf' && !others.has(memberOf(error)))
  const told = (telling.length > 0 ? telling : errors)
    .sort((left, right) => right.instancePath.split('/').length - left.instancePath.split('/').length)
    .map(({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`)
  return [...new Set(told)].slice(0, 10)
}
