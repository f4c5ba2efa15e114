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

/** Nothing is nested deeper than it has opening brackets, and the frames of a stream have few: those need no walk. */
function opensMany(text: string): boolean {
  let opened = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if ((code === 0x7B || code === 0x5B) && ++opened > DEPTH_MAX) return true
  }
  return false
}

/** Throws SyntaxError for what is no JSON, or nested too deeply to be worked with. */
export function parseShallow(text: string): unknown {
  const value = JSON.parse(text) as unknown
  if (opensMany(text) && isTooDeep(value)) throw new SyntaxError(`nested deeper than ${DEPTH_MAX} levels`)
  return value
}
