/**
 * Between the schemas of the dialects. Walks the positions where a schema stands, never keys as such: a property may
 * well be called `default` or `format`.
 */

/** Positions that hold one schema, a list of them, or schemas by name. */
const ONE = new Set(['items', 'additionalProperties', 'not'])
const LIST = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems'])
const NAMED = new Set(['properties', '$defs', 'defs', 'definitions'])
/** 64 bit numbers, which protobuf writes as text. */
const COUNTS = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties'])
/** Of Google alone. */
const LEFT_OUT = new Set(['propertyOrdering', 'nullable'])

type Schema = Record<string, unknown>

/**
 * The OpenAPI subset of Gemini's `parameters` and `responseSchema` as JSON schema: types in lower case, `nullable` as a
 * second type, snake_case keywords as camelCase. What is JSON schema already stays as it is.
 * https://ai.google.dev/api/caching#Schema
 */
export function jsonSchemaOfOpenApi(schema: unknown): Schema {
  if (!isObject(schema)) return {}
  const nullable = schema.nullable === true
  const written: Schema = {}
  for (const [key, value] of Object.entries(schema)) {
    const keyword = key.replace(/(?<=[a-z])_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (LEFT_OUT.has(keyword) || value === null || value === undefined) continue
    setOwn(written, keyword, valueOf(keyword, value, nullable))
  }
  if (nullable && Array.isArray(written.enum) && !written.enum.includes(null)) written.enum = [...written.enum as unknown[], null]
  return written
}

function valueOf(keyword: string, value: unknown, nullable: boolean): unknown {
  if (keyword === 'type') return typeOf(value, nullable)
  if (ONE.has(keyword)) return isObject(value) ? jsonSchemaOfOpenApi(value) : value
  if (LIST.has(keyword)) return Array.isArray(value) ? value.map(jsonSchemaOfOpenApi) : value
  if (NAMED.has(keyword)) return isObject(value) ? byName(value) : value
  if (COUNTS.has(keyword) && typeof value === 'string' && /^\d+$/.test(value)) return Number(value)
  return value
}

function typeOf(value: unknown, nullable: boolean): unknown {
  if (Array.isArray(value)) return value.map(type => typeof type === 'string' ? type.toLowerCase() : type as unknown)
  if (typeof value !== 'string') return value
  const type = value.toLowerCase()
  return nullable && type !== 'null' ? [type, 'null'] : type
}

function byName(schemas: Schema): Schema {
  const written: Schema = {}
  for (const [name, schema] of Object.entries(schemas)) setOwn(written, name, jsonSchemaOfOpenApi(schema))
  return written
}

/** Also for a property that is called `__proto__`. */
function setOwn(target: Schema, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
