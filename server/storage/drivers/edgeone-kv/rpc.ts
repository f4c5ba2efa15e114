/**
 * How a server asks the edge function of the KV, word for word: both sides are made from this file. Web APIs only, and of
 * those only HMAC: the edge has no other way to derive a key.
 */
import type { KvAnswer, KvOperation } from './kv'

export const RPC_PATH = '/_kv/rpc'
/** Headers of a call: epoch milliseconds of the caller's clock, and the signature over it and the body, in hex. */
export const AT_HEADER = 'x-vapor-at'
export const SIGNATURE_HEADER = 'x-vapor-signature'
/** A call older than this, or from so far in the future, is refused by the clock of the edge. */
export const SKEW_MS = 30_000
/** The edge takes bodies of 1 MB and answers with no more. */
export const BODY_MAX = 1_000_000

export interface RpcCall {
  operations: KvOperation[]
  /** From the arrival on: after that nothing is begun any more. */
  budgetMs: number
}

/**
 * Why nothing came of a call. Of `timeout` and `failed` it is unknown whether some of it happened; of the others nothing
 * has, but of `late` what stood before it.
 */
export type RpcError =
  | 'unsigned' | 'skew' | 'malformed' | 'no_secret' | 'not_bound'
  | 'late' | 'too_large' | 'timeout' | 'failed'

/** Always inside a 200: what answers otherwise is not the function, and nobody between repeats the call. */
export type RpcReply = { ok: true, answers: KvAnswer[] } | { ok: false, error: RpcError }

const LABEL = 'vapor edgeone-kv rpc v1'
const encoder = new TextEncoder()

/** HKDF-SHA256 (RFC 5869) of one secret with an empty salt, as the key of an HMAC-SHA256. */
export async function rpcKey(secret: string): Promise<CryptoKey> {
  const pseudorandom = await hmac(await keyOf(new Uint8Array(32)), encoder.encode(secret))
  const block = await hmac(await keyOf(pseudorandom), Uint8Array.of(...encoder.encode(LABEL), 1))
  return keyOf(block)
}

export async function sign(key: CryptoKey, at: number, body: string): Promise<string> {
  return toHex(await hmac(key, encoder.encode(`${at}.${body}`)))
}

/** In constant time. */
export async function isSigned(key: CryptoKey, at: number, body: string, signature: string): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(signature)) return false
  const bytes = Uint8Array.from(signature.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
  return crypto.subtle.verify('HMAC', key, bytes, encoder.encode(`${at}.${body}`))
}

function keyOf(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
}

async function hmac(key: CryptoKey, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes))
}

function toHex(bytes: Uint8Array): string {
  return [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')
}
