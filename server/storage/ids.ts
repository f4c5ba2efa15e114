import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const RANDOM_LENGTH = 16

let lastTime = 0
let lastRandom: number[] = []

/**
 * `<kind>_<26 characters>`: 10 of time, 16 of chance, in ULID's order but lower case, and monotonic within a process,
 * so that ids made in one millisecond sort as they were made (https://github.com/ulid/spec).
 */
export function createId(kind: string, now = Date.now()): string {
  if (now > lastTime) {
    lastTime = now
    lastRandom = Array.from(randomBytes(RANDOM_LENGTH), byte => byte & 31)
    lastRandom[0] = lastRandom[0]! & 15
  }
  else increment(lastRandom)
  return `${kind}_${timeText(lastTime)}${lastRandom.map(digit => ALPHABET[digit]).join('')}`
}

function increment(digits: number[]): void {
  for (let index = digits.length - 1; index >= 0; index--) {
    if (digits[index]! < 31) {
      digits[index]!++
      return
    }
    digits[index] = 0
  }
}

function timeText(time: number): string {
  let text = ''
  for (let rest = time, place = 0; place < 10; place++, rest = Math.floor(rest / 32)) text = ALPHABET[rest % 32] + text
  return text
}
