import type { Quirks } from '#shared/schemas/quirks'

/** OpenAI's header for the upstream's credential, or the one the channel wants instead. */
export function authHeader(credential: string, quirks: Quirks = {}): Record<string, string> {
  return quirks.auth === 'api-key' ? { 'api-key': credential } : { authorization: `Bearer ${credential}` }
}
