import { unwrapSignature, wrapSignature } from '../signatures'
import type { Fields } from './wire'
import { fieldsOf, isOwnId, textOf } from './wire'

/** The input without what an upstream cannot use, and whether reasoning was lost; undefined when all of it can stay. */
export function withoutForeign(text: string): { items: Fields[], lost: boolean } | undefined {
  // Most inputs hold none of it, and parsing a long one again takes time.
  if (!text.startsWith('[') || !/reasoning|_vapor_/.test(text)) return undefined
  const input = fieldsOf(JSON.parse(text))
  const kept = input.flatMap((item): Fields[] => {
    if (item.type !== 'reasoning') return [item]
    const sealed = textOf(item.encrypted_content)
    if (!sealed) return item.id === undefined ? [item] : []
    const signature = unwrapSignature(sealed, 'openai-responses')
    if (signature.dialect !== 'openai-responses') return []
    if (wrapSignature(signature) !== sealed) return [item]
    return [{ ...item, encrypted_content: signature.value, ...(signature.item === undefined ? {} : { id: signature.item }) }]
  })
  const changed = kept.length !== input.length || kept.some((item, index) => item !== input[index])
  if (!changed && !input.some(item => isOwnId(item.id))) return undefined
  // An item that is known by its id is asked for the reasoning before it, so ids go where reasoning went.
  const lost = kept.length !== input.length
  const items = kept.map((item) => {
    if (item.type === 'reasoning' ? !isOwnId(item.id) : !lost && !isOwnId(item.id)) return item
    const { id: _, ...rest } = item
    return rest
  })
  return { items, lost }
}
