import type { EventHandler, H3Event } from 'h3'
import { defineEventHandler, getQuery, getRequestHeader, getRouterParams, setResponseHeader } from 'h3'
import type { z } from 'zod'
import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { runOnce } from '#server/storage/idempotency'
import type { UserRecord } from '#server/users/users'
import type { Operation } from '#shared/schemas/api'
import { answerError, answerErrorPage, requestIdOf } from './answer-error'
import { OWN_ANSWER } from './page-headers'
import { readJsonBody } from './read-json-body'
import { requireAdmin, requireUser } from './require-user'
import { requireSameOrigin } from './same-origin'

const IDEMPOTENCY_KEY = /^[\x21-\x7E]{1,200}$/
const PROBLEMS_MAX = 5

type Parsed<O, Part extends string> = O extends Record<Part, infer S> ? S extends z.ZodType ? z.output<S> : undefined : undefined

/** What a handler gets: everything checked against the row of `shared/schemas/api.ts` it was defined with. */
export interface ApiCall<O extends Operation> {
  event: H3Event
  params: Parsed<O, 'params'>
  query: Parsed<O, 'query'>
  body: Parsed<O, 'body'>
  /** Who is signed in; an admin where the row says so. */
  user: O['access'] extends 'public' ? undefined : UserRecord
  requestId: string
  /** Only for operations that take one, and only when it was sent. */
  idempotencyKey: string | undefined
}

/** What a handler answers; nothing when the row has no reply, because the answer is a redirect. */
export type ApiReply<O> = O extends { reply: infer S extends z.ZodType } ? z.input<S> : void

/**
 * Makes the handler of one operation: who may call, from where, with what, once or again, and what leaves. Everything
 * thrown becomes the one shape of errors here, so handlers only do their work.
 */
export function defineApi<const O extends Operation>(operation: O, handle: (call: ApiCall<O>) => Promise<ApiReply<O>> | ApiReply<O>): EventHandler {
  return defineEventHandler(async (event) => {
    setResponseHeader(event, 'cache-control', OWN_ANSWER)
    try {
      requireSameOrigin(event)
      const user = await requireAccess(event, operation.access)
      const call = {
        event,
        user,
        params: parse(operation.params, 'params', getRouterParams(event, { decode: true })),
        query: parse(operation.query, 'query', getQuery(event)),
        body: operation.body && parse(operation.body, 'body', await readJsonBody(event)),
        requestId: requestIdOf(event),
        idempotencyKey: operation.idempotent && readIdempotencyKey(event),
      } as ApiCall<O>
      return await answer(operation, call, user, async () => handle(call))
    }
    catch (error) {
      return operation.reply ? answerError(event, error) : answerErrorPage(event, error)
    }
  })
}

async function requireAccess(event: H3Event, access: Operation['access']): Promise<UserRecord | undefined> {
  switch (access) {
    case 'admin': return requireAdmin(event)
    case 'user': return requireUser(event)
    case 'public': return undefined
  }
}

/** Every problem as `path: message`, at most five. */
function parse(schema: z.ZodType | undefined, part: string, value: unknown): unknown {
  if (!schema) return undefined
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.slice(0, PROBLEMS_MAX).map(issue => `${issue.path.join('.') || part}: ${issue.message}`)
  throw new AppError('invalid_request', { problem: problems.join('; ') })
}

function readIdempotencyKey(event: H3Event): string | undefined {
  const key = getRequestHeader(event, 'idempotency-key')
  if (key === undefined || IDEMPOTENCY_KEY.test(key)) return key
  throw new AppError('invalid_request', { problem: 'Idempotency-Key: 1 to 200 visible characters' })
}

async function answer<O extends Operation>(operation: O, call: ApiCall<O>, user: UserRecord | undefined, run: () => Promise<unknown>): Promise<unknown> {
  const { idempotencyKey: key, params, body } = call
  const checked = async () => checkReply(operation, await run())
  if (key === undefined) return checked()
  const scope = `api ${user?.id ?? ''} ${operation.method} ${operation.path}`
  return runOnce({ store: useRuntime().store, scope, key, asked: { params, body } }, checked)
}

/** What leaves is what the table promises: unknown fields are dropped, anything else that differs is our mistake. */
function checkReply(operation: Operation, reply: unknown): unknown {
  if (!operation.reply) return reply
  const parsed = operation.reply.safeParse(reply)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues.map(issue => `${issue.path.join('.')} ${issue.code}`).join(', ')
  throw new AppError('internal', {}, { cause: new Error(`the reply of ${operation.method} ${operation.path} breaks its schema at ${where}`) })
}
