import { AppError } from '#server/errors/app-error'
import { KEY_PATTERN } from './store'

/**
 * The `next` of a list is what follows the list's prefix in the last key shown. It is no secret: coded only so that
 * nobody builds one, and tied to nothing but the list, so that a filter may change behind it.
 */
export function writeCursor(prefix: string, key: string | undefined): string | null {
  return key === undefined ? null : Buffer.from(key.slice(prefix.length)).toString('base64url')
}

/** The key to go on behind, or undefined for the first page; throws invalid_request for what {@link writeCursor} never made. */
export function readCursor(prefix: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const key = prefix + Buffer.from(cursor, 'base64url').toString('latin1')
  if (!KEY_PATTERN.test(key) || key === prefix) throw new AppError('invalid_request', { problem: 'after: not a cursor of this list' })
  return key
}
