import type { Fields } from './sign.ts'

/** What a field must be, checked in this order as Go's validator does. Lengths count characters. */
export interface Rule {
  /** The field's name on the wire, and in the structure the message speaks of. */
  name: string
  member: string
  required?: boolean
  max?: number
  url?: boolean
}

/** Takes the fields of `rules` out of the parameters; a field given twice counts once, the first time. */
export function bind(parameters: URLSearchParams, rules: readonly Rule[]): Fields {
  return Object.fromEntries(rules.map(({ name }) => [name, parameters.get(name) ?? '']))
}

/** What Go's validator says of the fields, a line each; undefined when all is well. */
export function violations(structure: string, fields: Fields, rules: readonly Rule[]): string | undefined {
  const lines = rules.flatMap((rule) => {
    const tag = brokenTag(fields[rule.name] ?? '', rule)
    return tag === undefined ? [] : [`Key: '${structure}.${rule.member}' Error:Field validation for '${rule.member}' failed on the '${tag}' tag`]
  })
  return lines.length === 0 ? undefined : lines.join('\n')
}

function brokenTag(value: string, { required, max, url }: Rule): string | undefined {
  if (value === '') return required ? 'required' : undefined
  if (max !== undefined && [...value].length > max) return 'max'
  return url && !isUrl(value) ? 'url' : undefined
}

/** An absolute address, with a host or at least something after the scheme. */
function isUrl(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:(?:\/\/[^/?#\s]|[^/\s])/i.test(value) && URL.canParse(value)
}
