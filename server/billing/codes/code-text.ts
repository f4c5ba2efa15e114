/** What a code looks like, and what of it is kept. */
import { createHash, randomInt } from 'node:crypto'

/** Digits and letters nobody mistakes for each other: no 0 O, 1 I L, 2 Z, 5 S, 8 B, U. */
const ALPHABET = 'ACDEFGHJKMNPQRTVWXY34679'
const GROUPS = 5
const GROUP_LENGTH = 5
const LENGTH = GROUPS * GROUP_LENGTH
const PREFIX = 'VAPOR'
const BODY = new RegExp(`^(?:${PREFIX})?([${ALPHABET}]{${LENGTH}})$`)

/** A new code, `VAPOR-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`: 25 of 24 characters, which is 114 bits of chance. */
export function createCode(): string {
  const groups = Array.from({ length: GROUPS }, () => Array.from({ length: GROUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''))
  return [PREFIX, ...groups].join('-')
}

/**
 * SHA-256 of a code as somebody typed it, in hex: the only form the store knows. Case, dashes and the prefix do not
 * matter. Undefined for what can be no code. No salt is needed, since nobody can try 114 bits.
 */
export function hashCode(typed: string): string | undefined {
  const body = bodyOf(typed)
  return body && createHash('sha256').update(`vapor/code/${body}`).digest('hex')
}

/** The last group, by which a user knows the code again on the entry; 91 bits stay unknown. */
export function codeHint(typed: string): string {
  return `…${bodyOf(typed)?.slice(-GROUP_LENGTH) ?? ''}`
}

function bodyOf(typed: string): string | undefined {
  return BODY.exec(typed.replaceAll(/[\s-]/g, '').toUpperCase())?.[1]
}
