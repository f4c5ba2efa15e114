import type { Config } from '#server/config'
import { AppError } from '#server/errors/app-error'
import type { Attempt, Connect } from './connect'
import type { Person } from './connect-person'
import type { UserRecord, Users } from './users'

export interface SignInOptions {
  connect: Connect
  users: Users
  config: Pick<Config, 'missingForSignIn'>
  /** Who may come for the first time, as it is set now. */
  gate: () => Promise<SignUpGate>
}

export interface SignUpGate { open: boolean, minTrustLevel: number }

export type SignIn = ReturnType<typeof createSignIn>

/**
 * The second half of a sign-in, in two steps, so that the callback can give the welcome credit between them: a crash
 * there finds the user still new the next time, and the ledger books the same reference once.
 */
export function createSignIn({ connect, users, config, gate }: SignInOptions) {
  return {
    /** Throws sign_in_not_configured, naming the variables that are missing. */
    requireReady(): void {
      if (config.missingForSignIn.length > 0) throw new AppError('sign_in_not_configured', { missing: config.missingForSignIn.join(', ') })
    },

    authorizeUrl: connect.authorizeUrl,

    /** Who came back from Connect, let through by the gates; `known` is the user of an earlier sign-in. */
    async identify(code: string, attempt: Attempt): Promise<{ person: Person, known: UserRecord | undefined }> {
      const person = await connect.identify(code, attempt)
      const known = await users.get(person.id)
      if (!person.active) {
        if (known?.active) await users.noteInactive(known.id)
        throw new AppError('inactive_user')
      }
      if (known?.status === 'suspended') throw new AppError('user_suspended')
      if (!known) checkNewcomer(person, await gate())
      return { person, known }
    },

    /** Writes the user, a new one with who invited him, and answers the record a session is made from. */
    async admit(person: Person, invitedBy: string | undefined): Promise<UserRecord> {
      return (await users.signIn(person, invitedBy)).user
    },
  }
}

/** Only the first sign-in is gated: nobody may be locked out of money already paid. */
function checkNewcomer(person: Person, { open, minTrustLevel: needed }: SignUpGate): void {
  if (!open) throw new AppError('sign_up_closed')
  if (person.silenced) throw new AppError('silenced_user')
  if (person.trustLevel < needed) throw new AppError('trust_level_too_low', { needed, level: person.trustLevel })
}
