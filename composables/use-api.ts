import type { z } from 'zod'
import type { AsyncData } from '#app'
import type { Operation } from '#shared/schemas/api'

type Input<T> = T extends z.ZodType ? z.input<T> : never

/** What a call of this operation takes, each part only where the table has a schema for it. */
export type CallOptions<O extends Operation>
  = (O extends { params: infer P extends z.ZodType } ? { params: Input<P> } : object)
    & (O extends { query: infer Q extends z.ZodType } ? { query?: Input<Q> } : object)
    & (O extends { body: infer B extends z.ZodType } ? { body: Input<B> } : object)
    & (O extends { idempotent: true } ? { idempotencyKey: string } : object)

export type ReplyOf<O extends Operation> = O extends { reply: infer R extends z.ZodType } ? z.output<R> : never

/** Only an operation with something required must be given options. */
type Arguments<O extends Operation> = object extends CallOptions<O> ? [options?: CallOptions<O>] : [options: CallOptions<O>]

interface LooseOptions {
  params?: Record<string, unknown>
  query?: Record<string, unknown>
  body?: unknown
  idempotencyKey?: string
}

/** `$fetch` without the types of every route: inferring those is what exhausts the compiler. */
type PlainFetch = (url: string, options: Record<string, unknown>) => Promise<unknown>
const plain = (fetcher: unknown) => fetcher as PlainFetch

/** Calls one operation of the table. Types come from its schemas, the server checks against the same ones. */
export async function callApi<const O extends Operation>(operation: O, ...[options]: Arguments<O>): Promise<ReplyOf<O>> {
  const { params, query, body, idempotencyKey } = (options ?? {}) as LooseOptions
  // While the server renders, the reader's own cookies must travel with the call.
  const fetcher = import.meta.server ? plain(useRequestFetch()) : plain(globalThis.$fetch)
  const reply = await fetcher(fillPath(operation.path, params), {
    method: operation.method,
    query: withoutEmpty(query),
    body,
    headers: idempotencyKey ? { 'Idempotency-Key': idempotencyKey } : {},
    // A repeated write must be somebody's decision; a lost read may be asked again.
    retry: operation.method === 'GET' && import.meta.client ? 1 : 0,
  })
  return reply as ReplyOf<O>
}

/**
 * Data of a page: rendered by the server, fetched once, fetched again when its options change. On a click through the
 * site the page opens at once and shows its pending state.
 */
export function useApiData<const O extends Operation>(
  operation: O,
  options?: () => CallOptions<O>,
  settings: { key?: string, immediate?: boolean, server?: boolean } = {},
): AsyncData<ReplyOf<O> | undefined, unknown> {
  const current = () => options?.() ?? ({} as CallOptions<O>)
  const { key = operation.path, ...rest } = settings
  const state = useAsyncData<unknown>(
    `api:${operation.method}:${key}`,
    () => callApi(operation, ...([current()] as unknown as Arguments<O>)),
    { ...rest, lazy: true, deep: false, ...(options ? { watch: [() => JSON.stringify(current())] } : {}) },
  )
  return state as unknown as AsyncData<ReplyOf<O> | undefined, unknown>
}

function fillPath(path: string, params: Record<string, unknown> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name] ?? '')))
}

/** An empty filter is no filter: the strict query schemas take a value or nothing. */
function withoutEmpty(query: Record<string, unknown> = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== ''))
}
