import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fieldOf, patchForm, readForm } from '#server/endpoints/form-body'

const TYPE = 'multipart/form-data; boundary=b0'
const bytes = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'))
const part = (disposition: string, value: string, more = ''): string => `--b0\nContent-Disposition: ${disposition}\n${more}\n${value}\n`
const read = (text: string, type = TYPE) => readForm(bytes(text), type)

describe('a form', () => {
  it('is read and patched in place', () => {
    const body = bytes(`${part('form-data; name="model"', 'one')}${part('form-data; name="file"; filename="a.mp3"; filename*=utf-8\'\'a.mp3', 'data', 'Content-Type: audio/mpeg\n')}${part('form-data; name="store"', 'true')}--b0--\n`)
    const parts = readForm(body, TYPE)
    expect(parts.map(({ name, filename }) => [name, filename])).toEqual([['model', undefined], ['file', 'a.mp3'], ['store', undefined]])
    expect(fieldOf(body, parts, 'model')).toBe('one')
    expect(Buffer.from(patchForm(body, parts, { set: { model: '另一个' }, remove: ['store'] })).toString()).toBe(body.toString().replace('one', '另一个').replace(/--b0\r\n[^-]*-Disposition: form-data; name="store"\r\n\r\ntrue\r\n/, ''))
    expect(Buffer.from(patchForm(body, parts, { set: {}, remove: [] }))).toEqual(body)
  })

  it('keeps every byte of any file, and is what the platform\'s own parser reads afterwards', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.stringMatching(/^[\w./:-]{1,40}$/), async (data, model) => {
      const form = new FormData()
      form.append('file', new File([new Uint8Array(data)], 'tea 茶.bin'))
      form.append('model', 'public')
      form.append('include[]', 'a')
      form.append('include[]', 'b')
      const response = new Response(form)
      const type = response.headers.get('content-type') ?? ''
      const body = new Uint8Array(await response.arrayBuffer())
      const patched = patchForm(body, readForm(body, type), { set: { model }, remove: [] })
      const after = await new Response(new Uint8Array(patched), { headers: { 'content-type': type } }).formData()
      expect(after.get('model')).toBe(model)
      expect(after.getAll('include[]')).toEqual(['a', 'b'])
      expect(new Uint8Array(await (after.get('file') as File).arrayBuffer())).toEqual(data)
    }), { numRuns: 50 })
  })

  it.each(['__proto__', 'constructor', 'toString'])('passes a field named %s on like any other', (name) => {
    const body = bytes(`${part('form-data; name="model"', 'one')}${part(`form-data; name="${name}"`, 'kept')}--b0--\n`)
    expect(Buffer.from(patchForm(body, readForm(body, TYPE), { set: { model: 'two' }, remove: [] })).toString()).toBe(body.toString().replace('one', 'two'))
  })

  it.each([
    ['no boundary', 'multipart/form-data', part('form-data; name="model"', 'x')],
    ['two boundaries', 'multipart/form-data; boundary=b0; boundary=b1', `${part('form-data; name="model"', 'x')}--b0--`],
    ['a preamble', TYPE, `hello\n${part('form-data; name="model"', 'x')}--b0--`],
    ['an epilogue', TYPE, `${part('form-data; name="model"', 'x')}--b0--\nmore`],
    ['no end', TYPE, part('form-data; name="model"', 'x')],
    ['a field twice', TYPE, `${part('form-data; name="model"', 'x')}${part('form-data; name="model"', 'y')}--b0--`],
    ['two names', TYPE, `${part('form-data; name="a"; name="model"', 'x')}--b0--`],
    ['an encoded name', TYPE, `${part('form-data; name*=utf-8\'\'model', 'x')}--b0--`],
    ['an escaped name', TYPE, `${part('form-data; name="mo\\del"', 'x')}--b0--`],
    ['an encoded value', TYPE, `${part('form-data; name="model"', 'eA==', 'Content-Transfer-Encoding: base64\n')}--b0--`],
    ['two dispositions', TYPE, `${part('form-data; name="a"', 'x', 'Content-Disposition: form-data; name="model"\n')}--b0--`],
    ['a boundary among its headers', TYPE, `--b0\n${part('form-data; name="model"', 'x')}--b0--`],
    ['a line that is no header', TYPE, `${part('form-data; name="model"', 'x', 'C--b0\n')}--b0--`],
    ['a control character in a header', TYPE, `${part('form-data; name="model"', 'x', 'X-Tea: a\u0000b\n')}--b0--`],
    ['a longer boundary', TYPE, `${part('form-data; name="a"', 'x')}--b01\n`],
  ])('with %s is refused', (_, type, text) => {
    expect(() => read(text, type)).toThrow(/form/)
  })

  it.each([['\n'], ['']])('with a boundary behind %j inside a part is refused', (before) => {
    const text = `--b0\r\nContent-Disposition: form-data; name="a"\r\n\r\n${before}--b0\r\nContent-Disposition: form-data; name="model"\r\n\r\ndear\r\n--b0--\r\n`
    expect(() => readForm(Buffer.from(text), TYPE)).toThrow(/form/)
  })

  it('has no file where a field must be', () => {
    const body = bytes(`${part('form-data; name="model"; filename="m"', 'x')}--b0--`)
    expect(() => fieldOf(body, readForm(body, TYPE), 'model')).toThrow('must be a field')
  })
})
