import { z } from 'zod'
import { api } from '#shared/schemas/api'
import type { Operation } from '#shared/schemas/api'
import { errorReply } from '#shared/schemas/common'

type JsonSchema = Record<string, unknown>

/** The console API as OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), made from the table the handlers are made from. */
export function createOpenApi(): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, operation] of Object.entries(api) as [string, Operation][]) {
    const path = paths[operation.path] ??= {}
    path[operation.method.toLowerCase()] = describe(name, operation)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vapor console API',
      version: '1',
      description: 'JSON behind the consoles. Money is decimal text in credits, times are ISO 8601 in UTC, lists are { items, next }. The model API lives under /v1 and is not part of this file.',
    },
    paths,
    components: {
      schemas: { Error: toSchema(errorReply, 'output') },
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'vapor_session', description: 'Named __Host-vapor_session when the site is served over https.' } },
    },
  }
}

function describe(name: string, operation: Operation): JsonSchema {
  return {
    operationId: name,
    summary: operation.summary,
    tags: [operation.path.split('/')[2]],
    ...(operation.access === 'public' ? { security: [] } : { security: [{ session: [] }] }),
    parameters: [
      ...parametersOf(operation.params, 'path'),
      ...parametersOf(operation.query, 'query'),
      ...(operation.idempotent ? [{ name: 'Idempotency-Key', in: 'header', schema: { type: 'string', maxLength: 200 }, description: 'A repeat with the same key changes nothing and gets the first reply, for 24 hours.' }] : []),
    ],
    ...(operation.body ? { requestBody: { required: true, content: json(toSchema(operation.body, 'input')) } } : {}),
    responses: {
      ...(operation.reply ? { 200: { description: 'Done', content: json(toSchema(operation.reply, 'output')) } } : { 302: { description: 'A redirect' } }),
      default: { description: 'What went wrong', content: json({ $ref: '#/components/schemas/Error' }) },
    },
  }
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query'): JsonSchema[] {
  if (!schema) return []
  const { properties = {}, required = [] } = toSchema(schema, 'input') as { properties?: Record<string, JsonSchema>, required?: string[] }
  return Object.entries(properties).map(([name, property]) => ({ name, in: place, required: place === 'path' || required.includes(name), schema: property }))
}

function json(schema: JsonSchema): JsonSchema {
  return { 'application/json': { schema } }
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}
