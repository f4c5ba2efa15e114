/** Where a top-level field of a JSON object stands in its bytes. */
export interface JsonField {
  name: string
  /** From the quote of the name to behind the value. */
  start: number
  valueStart: number
  end: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5C
const OPEN = new Set([0x7B, 0x5B])
const CLOSE = new Set([0x7D, 0x5D])
const COMMA = 0x2C
const COLON = 0x3A
const SPACE = new Set([0x20, 0x09, 0x0A, 0x0D])

/**
 * The top-level fields of a JSON object, in order. For bytes `JSON.parse` has accepted as an object: patching a field in
 * place keeps everything else as the client sent it, which an upstream's prompt cache depends on.
 */
export function jsonFields(bytes: Uint8Array): JsonField[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields: JsonField[] = []
  let at = buffer.indexOf(0x7B) + 1
  for (;;) {
    const start = buffer.indexOf(QUOTE, at)
    if (start === -1) return fields
    const nameEnd = stringEnd(buffer, start)
    const valueStart = skipSpace(buffer, buffer.indexOf(COLON, nameEnd) + 1)
    const end = valueEnd(buffer, valueStart)
    fields.push({ name: JSON.parse(buffer.toString('utf8', start, nameEnd)) as string, start, valueStart, end })
    at = skipSpace(buffer, end)
    if (buffer[at] !== COMMA) return fields
  }
}

export interface JsonPatch {
  /** New JSON text of fields, added at the end when they are not there. */
  set: Record<string, string>
  remove: string[]
}

/** The same object with some fields changed, order and spacing of all others kept. */
export function patchJson(bytes: Uint8Array, patch: JsonPatch): Uint8Array {
  const edits = editsOf(jsonFields(bytes), patch, bytes.indexOf(0x7B) + 1)
  const pieces: Uint8Array[] = []
  let from = 0
  for (const edit of edits) {
    pieces.push(bytes.subarray(from, edit.from), Buffer.from(edit.text))
    from = edit.to
  }
  return Buffer.concat([...pieces, bytes.subarray(from)])
}

interface Edit { from: number, to: number, text: string }

function editsOf(fields: JsonField[], patch: JsonPatch, objectStart: number): Edit[] {
  const edits: Edit[] = []
  let lastKept: JsonField | undefined
  fields.forEach((field, index) => {
    if (patch.remove.includes(field.name)) {
      // Its comma goes too: the one before it, or the one behind while nothing is kept before it.
      const previous = fields[index - 1]
      edits.push(lastKept && previous
        ? { from: previous.end, to: field.end, text: '' }
        : { from: field.start, to: fields[index + 1]?.start ?? field.end, text: '' })
      return
    }
    lastKept = field
    const value = Object.hasOwn(patch.set, field.name) ? patch.set[field.name] : undefined
    if (value !== undefined) edits.push({ from: field.valueStart, to: field.end, text: value })
  })
  const added = Object.entries(patch.set)
    .filter(([name]) => !fields.some(field => field.name === name))
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`)
  if (added.length > 0) {
    const at = lastKept?.end ?? objectStart
    edits.push({ from: at, to: at, text: `${lastKept ? ',' : ''}${added.join(',')}` })
  }
  // An insertion stands before a removal that begins at the same byte.
  return edits.sort((one, other) => one.from - other.from || one.to - other.to)
}

function stringEnd(buffer: Buffer, start: number): number {
  let at = start
  for (;;) {
    at = buffer.indexOf(QUOTE, at + 1)
    let slashes = 0
    while (buffer[at - 1 - slashes] === BACKSLASH) slashes++
    if (slashes % 2 === 0) return at + 1
  }
}

function valueEnd(buffer: Buffer, start: number): number {
  let depth = 0
  let at = start
  for (;;) {
    const byte = buffer[at]!
    if (byte === QUOTE) {
      at = stringEnd(buffer, at)
      if (depth === 0) return at
      continue
    }
    if (OPEN.has(byte)) depth++
    else if (CLOSE.has(byte)) {
      // The end of the object itself ends a bare number or word.
      if (depth === 0) return trimEnd(buffer, at)
      if (--depth === 0) return at + 1
    }
    else if (depth === 0 && byte === COMMA) return trimEnd(buffer, at)
    at++
  }
}

function trimEnd(buffer: Buffer, end: number): number {
  let at = end
  while (SPACE.has(buffer[at - 1]!)) at--
  return at
}

function skipSpace(buffer: Buffer, from: number): number {
  let at = from
  while (SPACE.has(buffer[at]!)) at++
  return at
}
