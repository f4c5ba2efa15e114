/**
 * The edge function of the KV: `POST /_kv/rpc`, the only way to it for a server. Built to `edge-functions/_kv/rpc.js`.
 *
 * The platform runs the top level of this file again for every call, gives it 200 ms of processor time, and turns an error
 * that leaves it into a 545; so nothing is remembered, and every answer is a 200 with an envelope.
 */
import { KvTooLate, runBatch } from '../../../server/storage/drivers/edgeone-kv/kv'
import type { KvBinding } from '../../../server/storage/drivers/edgeone-kv/kv'
import { AT_HEADER, BODY_MAX, isSigned, rpcKey, SIGNATURE_HEADER, SKEW_MS } from '../../../server/storage/drivers/edgeone-kv/rpc'
import type { RpcCall, RpcReply } from '../../../server/storage/drivers/edgeone-kv/rpc'

interface EdgeContext {
  request: Request
  /** The project's variables, as they were when it was deployed. */
  env?: Record<string, string | undefined>
}

/** The most a caller may have this function wait. */
const BUDGET_MAX_MS = 20_000
const BINDING = 'vapor_kv'

export async function onRequest({ request, env = {} }: EdgeContext): Promise<Response> {
  let reply: RpcReply
  try { reply = await serve(request, env) }
  catch (error) { reply = { ok: false, error: error instanceof KvTooLate ? 'late' : 'failed' } }
  const text = JSON.stringify(reply)
  return new Response(text.length > BODY_MAX ? JSON.stringify({ ok: false, error: 'too_large' } satisfies RpcReply) : text, {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
}

async function serve(request: Request, env: Record<string, string | undefined>): Promise<RpcReply> {
  const secrets = (env['JWT_SECRET'] ?? '').split(',').map(part => part.trim()).filter(Boolean)
  if (secrets.length === 0) return { ok: false, error: 'no_secret' }
  const signature = request.headers.get(SIGNATURE_HEADER)
  if (request.method !== 'POST' || signature === null) return { ok: false, error: 'unsigned' }
  const body = await request.text()
  const at = Number(request.headers.get(AT_HEADER))
  if (body.length > BODY_MAX) return { ok: false, error: 'malformed' }
  if (!await isSignedByAny(secrets, at, body, signature)) return { ok: false, error: 'unsigned' }
  if (!(Math.abs(Date.now() - at) <= SKEW_MS)) return { ok: false, error: 'skew' }

  const kv = bindingOf(env['VAPOR_KV_BINDING'] || BINDING)
  if (!kv) return { ok: false, error: 'not_bound' }
  return carryOut(kv, JSON.parse(body) as RpcCall)
}

async function isSignedByAny(secrets: string[], at: number, body: string, signature: string): Promise<boolean> {
  for (const secret of secrets) {
    if (await isSigned(await rpcKey(secret), at, body, signature)) return true
  }
  return false
}

/** The platform makes a namespace a global variable; whether that is a property of the global object it does not say. */
function bindingOf(name: string): KvBinding | undefined {
  const found = (globalThis as Record<string, unknown>)[name] as KvBinding | undefined
  return found ?? (name === BINDING && typeof vapor_kv !== 'undefined' ? vapor_kv : undefined)
}

declare const vapor_kv: KvBinding | undefined

/** Begins nothing any more when the time is over: the caller has gone by then and may be about to do something else. */
async function carryOut(kv: KvBinding, { operations, budgetMs }: RpcCall): Promise<RpcReply> {
  const until = Date.now() + Math.min(budgetMs, BUDGET_MAX_MS)
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<RpcReply>((resolve) => { timer = setTimeout(resolve, until - Date.now(), { ok: false, error: 'timeout' }) })
  try {
    const answers = runBatch(inTime(kv, until), operations, Date.now).then((found): RpcReply => ({ ok: true, answers: found }))
    return await Promise.race([answers, late])
  }
  finally { clearTimeout(timer) }
}

function inTime(kv: KvBinding, until: number): KvBinding {
  const begin = () => {
    if (Date.now() >= until) throw new Error('the time of this call is over')
  }
  return {
    get: async (key) => { begin(); return kv.get(key) },
    put: async (key, value) => { begin(); return kv.put(key, value) },
    delete: async (key) => { begin(); return kv.delete(key) },
    list: async (options) => { begin(); return kv.list(options) },
  }
}
