/**
 * Lists of the KV run forward only. Where lists are read from their end, a second name stands for each record whose order is
 * the other way round: every character is replaced by its counterpart from the other end of the alphabet.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const COUNTERPART = new Map([...ALPHABET].map((character, at) => [character, ALPHABET.at(-1 - at)!]))
/** Sorts a key behind the longer ones that begin with it. */
const END = 'z'

export const MIRRORS = 'x_'

function complement(text: string): string {
  return [...text].map(character => COUNTERPART.get(character)!).join('')
}

export function mirrorName(key: string): string {
  return MIRRORS + complement(key) + END
}

export function mirrorPrefix(prefix: string): string {
  return MIRRORS + complement(prefix)
}

export function readMirror(name: string): string {
  return complement(name.slice(MIRRORS.length, -END.length))
}
