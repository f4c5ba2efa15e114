/**
 * One key per opened form: sending the same form twice makes one thing. A form that was changed in between asks for
 * something else, which the API would refuse under the old key. `renew` belongs to opening a form, and to every success
 * after which it may be sent again.
 */
export function useIdempotencyKey() {
  let key = ''
  let asked = ''

  function renew() {
    key = ''
  }

  function keyFor(body: unknown): string {
    const now = JSON.stringify(body)
    if (!key || now !== asked) key = randomKey()
    asked = now
    return key
  }

  return { keyFor, renew }
}

/** `crypto.randomUUID` exists only on https and localhost; random bytes are everywhere. */
export function randomKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')
}
