import type { AppError } from '#server/errors/app-error'
import type { Callers } from './caller'
import { secretOf } from './caller'
import { kindOfKey } from './refusals'
import type { Refusals } from './refusals'
import type { Call } from './reply'

/** Notes a refused call for its user, or, where no key tells who that is, for the address it came from. Never throws. */
export function createRefusalNotes({ callers, refusals }: { callers: Callers, refusals: Refusals }) {
  return async function noteRefusal(call: Call, method: string, error: AppError): Promise<void> {
    const caller = await callers.identify(call).catch(() => undefined)
    const owner = caller ? { user: caller.user.id } : isOwnAddress(call.address, call.headers['x-forwarded-for']) ? { address: call.address } : undefined
    if (!owner) return
    refusals.note(owner, {
      id: call.requestId,
      code: error.code,
      // Without a key that is somebody's, nobody may read more than how it failed.
      params: caller ? error.params : {},
      method,
      path: call.target.path,
      dialect: call.dialect.id,
      agent: call.headers['user-agent'] ?? '',
      sent: kindOfKey(secretOf(call)),
      key: caller ? { id: caller.key.id, name: caller.key.name } : null,
    })
  }
}

/** Behind a proxy nobody has told us of, all callers share its address: then it says nothing about who calls. */
export function isOwnAddress(address: string, forwarded: string | undefined): boolean {
  return forwarded === undefined || forwarded.split(',').some(hop => hop.trim() === address)
}
