import type { Faults } from './faults.ts'
import type { Grants } from './grants.ts'
import type { SandboxUser } from './users.ts'

/** What the endpoints of the fake Connect share. */
export interface ConnectContext {
  /** The address of the fake, such as `http://127.0.0.1:4001/connect`, without a trailing slash. */
  base: string
  /** Like the real one, the issuer ends in a slash, and OpenID clients compare it to the letter. */
  issuer: string
  clientId: string
  clientSecret: string
  redirectUris: string[]
  now: () => number
  users: SandboxUser[]
  grants: Grants
  /** How often each user id has signed in, which decides about renames. */
  signIns: Map<number, number>
  faults: Faults
}

/** Returns the first parameter that was given more than once, which RFC 6749 section 3.1 forbids. */
export function repeatedParameter(parameters: URLSearchParams): string | undefined {
  return [...parameters.keys()].find((name, index, all) => all.indexOf(name) !== index)
}
