import { AppError } from '#server/errors/app-error'

type Schema = Record<string, unknown>
type Rule = (value: unknown, depth: number) => unknown

const DEPTH_MAX = 100

/** Keywords that stay, with what is done to their value; every other one moves into the description. */
const kept: Record<string, Rule> = {
  type: same,
  enum: same,
  const: same,
  description: same,
  title: same,
  default: same,
  required: same,
  $ref: same,
  items: plain,
  anyOf: each,
  allOf: each,
  properties: eachValue,
  $defs: eachValue,
  definitions: eachValue,
}
const formats = new Set<unknown>(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid'])
/** Constrain nothing, so nobody has to be told. */
const silent = new Set(['$schema', '$id', '$comment', 'additionalProperties'])

/**
 * A JSON schema as constrained decoding takes it: objects are closed, and limits it cannot hold (`minimum`, `maxLength`,
 * `pattern` …) become words of the description, so that the model still reads them. Only positions of schemas are
 * walked: a property may be called `minimum`.
 * Throws AppError invalid_request for one nested without end.
 * https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs#json-schema-limitations
 */
export function plainSchema(schema: Schema, depth = 0): Schema {
  if (depth > DEPTH_MAX) throw new AppError('invalid_request', { problem: 'The schema of the answer is too deep.' })
  const result: Schema = {}
  const told: string[] = []
  for (const [name, value] of Object.entries(schema)) {
    if (Object.hasOwn(kept, name)) result[name] = kept[name]!(value, depth + 1)
    else if (name === 'oneOf') result.anyOf = each(value, depth + 1)
    else if ((name === 'format' && formats.has(value)) || (name === 'minItems' && (value === 0 || value === 1))) result[name] = value
    else if (!silent.has(name)) told.push(`${name}: ${JSON.stringify(value)}`)
  }
  if (isObjectSchema(schema)) {
    result.properties ??= {}
    result.additionalProperties = false
  }
  if (told.length > 0) result.description = [schema.description, `{${told.join(', ')}}`].filter(Boolean).join('\n\n')
  return result
}

function isObjectSchema({ type, properties }: Schema): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || isSchema(properties)
}

function same(value: unknown): unknown {
  return value
}

function plain(value: unknown, depth: number): unknown {
  return isSchema(value) ? plainSchema(value, depth) : value
}

function each(value: unknown, depth: number): unknown {
  return Array.isArray(value) ? value.map(one => plain(one, depth)) : value
}

function eachValue(value: unknown, depth: number): unknown {
  return isSchema(value) ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner, depth)])) : value
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
