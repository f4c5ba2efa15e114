import { AppError } from '#server/errors/app-error'

/** One part of a form, as it stands in the bytes. */
export interface FormPart {
  name: string
  /** Of a file; undefined for a field. */
  filename: string | undefined
  /** The dashes of the delimiter before it. */
  start: number
  valueStart: number
  valueEnd: number
  /** The dashes of the delimiter behind it. */
  end: number
}

const PARTS_MAX = 200
const HEADERS_MAX = 8192
const BOUNDARY = /^multipart\/form-data\s*;\s*(?:charset="?[\w-]+"?\s*;\s*)?boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+./:=?-]{1,70}))\s*(?:;\s*charset="?[\w-]+"?\s*)?$/i
const PARAMETER = /;\s*(name|filename|filename\*)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/gi
const HEADER = /^[\w!#$%&'*+.^`|~-]+:(?:\t|\P{Cc})*$/u
const NAME = /^[\w.-]{1,100}(?:\[\w*\])*$/

/**
 * The parts of a `multipart/form-data` body (https://www.rfc-editor.org/rfc/rfc7578). Stricter than most readers: what two
 * readers could understand in different ways is refused, because the model read here must be the one that is served.
 * Throws AppError `invalid_request`.
 */
export function readForm(body: Uint8Array, contentType: string | undefined): FormPart[] {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const [, quoted, bare] = BOUNDARY.exec(contentType ?? '') ?? []
  const boundary = quoted ?? bare
  if (!boundary) return malformed('send it as multipart/form-data with a boundary')
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const dashes = delimiter.byteLength - 2
  if (!buffer.subarray(0, dashes).equals(delimiter.subarray(2))) return malformed('it does not begin with its boundary')
  const parts: FormPart[] = []
  let start = 0
  for (;;) {
    const lineEnd = start + dashes
    const mark = buffer.toString('latin1', lineEnd, lineEnd + 2)
    if (mark === '--') {
      if (buffer.toString('latin1', lineEnd + 2).trim() !== '') return malformed('something follows its end')
      return requireSingle(parts)
    }
    if (mark !== '\r\n') return malformed('a boundary is not followed by a line end')
    if (parts.length === PARTS_MAX) return malformed(`it has more than ${PARTS_MAX} parts`)
    const headersEnd = buffer.indexOf('\r\n\r\n', lineEnd + 2)
    if (headersEnd === -1 || headersEnd - lineEnd > HEADERS_MAX) return malformed('a part has no headers')
    const valueStart = headersEnd + 4
    const valueEnd = buffer.indexOf(delimiter, valueStart)
    if (valueEnd === -1) return malformed('its last boundary is missing')
    // Some readers end a part at a bare line feed.
    if (buffer.indexOf(delimiter.subarray(1), valueStart - 1) !== valueEnd + 1) return malformed('a part holds its boundary')
    parts.push({ ...readDisposition(buffer.toString('utf8', lineEnd + 2, headersEnd)), start, valueStart, valueEnd, end: valueEnd + 2 })
    start = valueEnd + 2
  }
}

function malformed(problem: string): never {
  throw new AppError('invalid_request', { problem: `The form cannot be read: ${problem}.` })
}

function readDisposition(headers: string): Pick<FormPart, 'name' | 'filename'> {
  const lines = headers.split('\r\n')
  // What is no header, such as a second boundary, some readers skip and others take for more.
  if (!lines.every(line => HEADER.test(line))) return malformed('a part has a line that is no header')
  const values = lines.flatMap(line => /^content-disposition:\s*(.*)$/i.exec(line)?.[1] ?? [])
  const encoding = lines.find(line => /^content-transfer-encoding:/i.test(line))
  if (encoding && !/:\s*(?:binary|8bit|7bit)\s*$/i.test(encoding)) return malformed('a part is encoded')
  const [value = ''] = values
  const found = [...value.matchAll(PARAMETER)]
  const read = (wanted: string) => found.filter(([, name]) => name?.toLowerCase() === wanted).map(([, , quoted, bare]) => quoted ?? bare ?? '')
  const names = read('name')
  const [name = ''] = names
  const rest = value.replace(PARAMETER, '').trim().toLowerCase()
  if (values.length !== 1 || rest !== 'form-data' || names.length !== 1 || !NAME.test(name)) return malformed('a part has no plain name')
  return { name, filename: read('filename')[0] ?? read('filename*')[0] }
}

/** A reader may take the first or the last of two equal fields. */
function requireSingle(parts: FormPart[]): FormPart[] {
  const fields = parts.filter(part => part.filename === undefined && !part.name.endsWith(']')).map(part => part.name)
  const twin = fields.find((name, index) => fields.indexOf(name) !== index)
  if (twin !== undefined) throw new AppError('invalid_request', { problem: `The field "${twin}" stands in the form twice.` })
  return parts
}

/** The text of a field; undefined when it is not there. Throws AppError `invalid_request` for a file under its name. */
export function fieldOf(body: Uint8Array, parts: FormPart[], name: string): string | undefined {
  const part = parts.find(candidate => candidate.name === name)
  if (part?.filename !== undefined) throw new AppError('invalid_request', { problem: `${name}: must be a field, not a file.` })
  return part && Buffer.from(body.subarray(part.valueStart, part.valueEnd)).toString('utf8')
}

export const sizeOf = (parts: FormPart[]): number => parts.reduce((sum, part) => sum + part.valueEnd - part.valueStart, 0)

/** The same bytes with other values for some fields, and without others. */
export function patchForm(body: Uint8Array, parts: FormPart[], patch: { set: Record<string, string>, remove: string[] }): Uint8Array {
  const pieces: Uint8Array[] = []
  let from = 0
  for (const part of parts) {
    const value = Object.hasOwn(patch.set, part.name) ? patch.set[part.name] : undefined
    if (patch.remove.includes(part.name)) {
      pieces.push(body.subarray(from, part.start))
      from = part.end
    }
    else if (value !== undefined) {
      pieces.push(body.subarray(from, part.valueStart), Buffer.from(value))
      from = part.valueEnd
    }
  }
  return Buffer.concat([...pieces, body.subarray(from)])
}
