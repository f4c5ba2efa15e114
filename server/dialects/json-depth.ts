/** Deeper than any real request, and all that protobuf itself reads; what is nested much further overflows the stack of whoever walks it or writes it back. */
export const DEPTH_MAX = 100

export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) return true
    level = level.flatMap(inside => typeof inside === 'object' && inside !== null ? Object.values(inside).filter(each => typeof each === 'object' && each !== null) : [])
  }
  return false
}

/** Throws SyntaxError for what is no JSON, or nested too deeply to be worked with. */
export function parseShallow(text: string): unknown {
  const value = JSON.parse(text) as unknown
  if (isTooDeep(value)) throw new SyntaxError(`nested deeper than ${DEPTH_MAX} levels`)
  return value
}
