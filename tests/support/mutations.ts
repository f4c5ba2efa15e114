/** Valid JSON and events made wrong in seeded ways. */
import * as fc from 'fast-check'

const nested = (open: string, close: string, levels = 5_000): string => open.repeat(levels) + close.repeat(levels)

/** Values as JSON text, so that what JavaScript would tidy up stays as it is. */
const nasty = [
  'null', 'true', '0', '-1', '-0', '1e308', '1e999', '9007199254740993', '1.5', '""', '"x"', '[]', '{}', '[null]', '[[]]', '{"a":null}',
  '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"a\\u0000b"', '"__proto__"', '"constructor"', '"toString"', '"hasOwnProperty"',
  '{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}', '{"type":"__proto__"}', '[{"type":"constructor"}]', '{"type":"toString","text":"x"}',
  nested('[', ']'), nested('{"a":', '}').replace('{"a":}', '{}'), nested('{"properties":{"a":', '}}').replace('{"a":}', '{}'), `"${'x'.repeat(70_000)}"`,
]
const names = ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', '\u0000', '\ud800', '']
const MARK = '"@@here@@"'

const change = fc.record({ at: fc.nat(), kind: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'rename', 'double'), value: fc.constantFrom(...nasty), name: fc.constantFrom(...names) })
const byteChange = fc.record({ at: fc.nat(), kind: fc.constantFrom('flip', 'cut', 'insert', 'repeat'), byte: fc.nat(255), length: fc.nat(40) })
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never
type ByteChange = typeof byteChange extends fc.Arbitrary<infer T> ? T : never

export const changes = fc.array(change, { minLength: 1, maxLength: 3 })
export const byteChanges = fc.array(byteChange, { minLength: 1, maxLength: 4 })

/** The same JSON with some of its values replaced, left out, renamed or doubled. */
export function changeJson(text: string, list: Change[]): string {
  return list.reduce((before, one) => {
    try {
      return changeOnce(JSON.parse(before), one)
    }
    catch { return before }
  }, text)
}

function changeOnce(root: unknown, { at, kind, value, name }: Change): string {
  const places: { parent: Record<string, unknown>, key: string }[] = []
  const stack: unknown[] = [root]
  while (stack.length > 0 && places.length < 500) {
    const parent = stack.pop()
    if (typeof parent !== 'object' || parent === null) continue
    for (const key of Object.keys(parent)) {
      places.push({ parent: parent as Record<string, unknown>, key })
      stack.push((parent as Record<string, unknown>)[key])
    }
  }
  const place = places[at % Math.max(1, places.length)]
  if (!place) return value
  const { parent, key } = place
  const old = parent[key]
  if (kind === 'replace') parent[key] = JSON.parse(MARK)
  else if (kind === 'remove') delete parent[key]
  else if (kind === 'rename') Object.defineProperty(parent, name, { value: old, enumerable: true, configurable: true, writable: true })
  else if (Array.isArray(parent)) parent.push(old, old)
  return JSON.stringify(root).replace(MARK, () => value)
}

export function changeBytes(bytes: Buffer, list: ByteChange[]): Buffer {
  return list.reduce((before, { at, kind, byte, length }) => {
    const position = at % Math.max(1, before.length)
    const head = before.subarray(0, position)
    const tail = before.subarray(position)
    if (kind === 'cut') return Buffer.concat([head, tail.subarray(length)])
    if (kind === 'insert') return Buffer.concat([head, Buffer.from([byte]), tail])
    if (kind === 'repeat') return Buffer.concat([head, tail.subarray(0, length), tail])
    return Buffer.concat([head, Buffer.from([byte]), tail.subarray(1)])
  }, bytes)
}

const fieldChange = fc.record({ at: fc.nat(), kind: fc.constantFrom('replace', 'replace', 'remove', 'rename', 'double', 'empty'), value: fc.constantFrom(...nasty, '-1', '0', '1e9', 'true', '\r\n--', '../../etc', '茶'), name: fc.constantFrom(...names, 'model', 'file', 'image', 'image[]', 'stream', 'n') })
type FieldChange = typeof fieldChange extends fc.Arbitrary<infer T> ? T : never
export const fieldChanges = fc.array(fieldChange, { minLength: 1, maxLength: 3 })

/** Fields of a form with some of them replaced, emptied, left out, renamed or doubled. */
export function changeFields(fields: [name: string, value: string][], list: FieldChange[]): [name: string, value: string][] {
  return list.reduce((before, { at, kind, value, name }) => before.flatMap(([field, old], index): [string, string][] => {
    if (index !== at % before.length) return [[field, old]]
    if (kind === 'remove') return []
    if (kind === 'double') return [[field, old], [field, value]]
    return kind === 'rename' ? [[name, old]] : [[field, kind === 'empty' ? '' : value]]
  }), fields)
}

export const frameChanges = fc.array(fc.record({ at: fc.nat(), to: fc.nat(), kind: fc.constantFrom('drop', 'double', 'move', 'value', 'value'), inside: changes }), { minLength: 1, maxLength: 4 })
type FrameChange = typeof frameChanges extends fc.Arbitrary<infer T> ? T : never

/** Events lost, repeated, in another order, or with other values in them. */
export function changeFrames(bytes: Buffer, list: FrameChange): Buffer {
  const frames = bytes.toString('utf8').split(/\r?\n\r?\n/)
  for (const { at, to, kind, inside } of list) {
    const index = at % frames.length
    const frame = frames[index] ?? ''
    if (kind === 'drop') frames.splice(index, 1)
    else if (kind === 'double') frames.splice(index, 0, frame)
    else if (kind === 'move') frames.splice(to % frames.length, 0, ...frames.splice(index, 1))
    else frames[index] = frame.replace(/^(data: ?)(\{.*)$/m, (_, head: string, json: string) => head + changeJson(json, inside))
    if (frames.length === 0) frames.push('')
  }
  return Buffer.from(frames.join('\n\n'))
}
