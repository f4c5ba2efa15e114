import { AppError } from '#server/errors/app-error'

/** The sentence is for the log; callers see the general one. */
export function storeUnavailable(why: unknown): AppError {
  return new AppError('store_unavailable', {}, { cause: typeof why === 'string' ? new Error(why) : why })
}
