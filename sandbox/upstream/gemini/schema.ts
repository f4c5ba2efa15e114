import { isRecord } from '../talk.ts'
import { firstProblem, notRepeating, unknownField } from './fields.ts'

/** The words of the OpenAPI subset Gemini calls Schema; everything else of JSON schema is refused. */
const words = new Set([
  'type', 'format', 'title', 'description', 'nullable', 'enum', 'maxItems', 'minItems', 'properties', 'required', 'minProperties', 'maxProperties',
  'minLength', 'maxLength', 'pattern', 'example', 'anyOf', 'propertyOrdering', 'default', 'items', 'minimum', 'maximum',
])
const types = new Set(['STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL', 'TYPE_UNSPECIFIED'])

/** Why Gemini refuses a schema, walking schemas only: a property may have any name. */
export function problemInSchema(schema: unknown, path: string): string | undefined {
  if (!isRecord(schema)) return schema == null ? undefined : `Invalid value at '${path}' (type.googleapis.com/google.ai.generativelanguage.v1beta.Schema), ${JSON.stringify(schema)}`
  const unknown = unknownField(schema, words, path)
  if (unknown !== undefined) return unknown
  const { type, enum: allowed, properties, items, anyOf } = schema
  if (Array.isArray(type)) return notRepeating('type', path)
  if (type !== undefined && !types.has(String(type).toUpperCase())) {
    return `Invalid value at '${path}.type' (type.googleapis.com/google.ai.generativelanguage.v1beta.Type), ${JSON.stringify(type)}`
  }
  if (Array.isArray(items)) return notRepeating('items', path)
  const wrong = Array.isArray(allowed) ? allowed.findIndex(value => typeof value !== 'string') : -1
  if (wrong >= 0) return `Invalid value at '${path}.enum[${wrong}]' (TYPE_STRING), ${JSON.stringify((allowed as unknown[])[wrong])}`
  return problemInMeaning(schema, path)
    ?? firstProblem(isRecord(properties) ? Object.values(properties) : [], (inner, index) => problemInSchema(inner, `${path}.properties[${index}].value`))
    ?? problemInSchema(items, `${path}.items`)
    ?? firstProblem(Array.isArray(anyOf) ? anyOf as unknown[] : [], (inner, index) => problemInSchema(inner, `${path}.any_of[${index}]`))
}

/** What is well written and refused nevertheless. */
function problemInMeaning({ type, format, properties, items }: Record<string, unknown>, path: string): string | undefined {
  const field = `* GenerateContentRequest.${path}`
  switch (String(type).toUpperCase()) {
    case 'OBJECT':
      return isRecord(properties) && Object.keys(properties).length > 0 ? undefined : `${field}.properties: should be non-empty for OBJECT type`
    case 'ARRAY':
      return items === undefined ? `${field}.items: missing field.` : undefined
    case 'STRING':
      return format === undefined || format === 'enum' || format === 'date-time' ? undefined : `${field}.format: only 'enum' and 'date-time' are supported for STRING type`
    default:
      return undefined
  }
}
