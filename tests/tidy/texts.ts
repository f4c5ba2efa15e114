/** Things said in two places that must stay the same: translations, error codes, environment variables. */
import type { Finding } from './sources'

type Messages = { [key: string]: string | Messages }

/** `{ error: { internal: '…' } }` to `error.internal`. */
export function keysOf(messages: Messages, prefix = ''): string[] {
  return Object.entries(messages).flatMap(([key, value]) => typeof value === 'string' ? [prefix + key] : keysOf(value, `${prefix}${key}.`))
}

/** Placeholders of each text: `{amount}` and `@:linked` are lost easily when a sentence is turned around. */
export function placeholdersOf(messages: Messages, prefix = ''): Map<string, string> {
  return new Map(Object.entries(messages).flatMap(([key, value]): [string, string][] => typeof value === 'string'
    ? [[prefix + key, [...new Set(value.match(/\{[\w.]+\}/g))].sort().join(' ')]]
    : [...placeholdersOf(value, `${prefix}${key}.`)]))
}

/** Every key of one language exists in the other, with the same placeholders. */
export function checkLocales(one: { path: string, messages: Messages }, other: { path: string, messages: Messages }): Finding[] {
  const known = placeholdersOf(other.messages)
  return [...placeholdersOf(one.messages)].flatMap(([key, placeholders]) => {
    const there = known.get(key)
    if (there === undefined) return [{ path: other.path, line: 1, wrong: `lacks ${key}`, cure: `translate what ${one.path} says there, or delete the key from both` }]
    if (there === placeholders || key.includes('|')) return []
    return [{ path: other.path, line: 1, wrong: `${key} fills ${there || 'nothing'}, the other language ${placeholders || 'nothing'}`, cure: 'use the same placeholders in both' }]
  })
}

/** Every error code stands, under whatever group, as `<group>.<code>` in the language. */
export function checkErrorTexts(codes: string[], { path, messages }: { path: string, messages: Messages }): Finding[] {
  const keys = keysOf(messages)
  const groups = new Map<string, number>()
  for (const key of keys) {
    const [, group, last = ''] = /^(.*)\.([^.]+)$/.exec(key) ?? []
    if (group && codes.includes(last)) groups.set(group, (groups.get(group) ?? 0) + 1)
  }
  // The group most codes stand in is the one that translates errors; a word like "internal" may stand elsewhere too.
  const [group] = [...groups].sort(([, a], [, b]) => b - a)[0] ?? ['errors']
  return codes.filter(code => !keys.includes(`${group}.${code}`)).map(code => ({
    path,
    line: 1,
    wrong: `has no text for the error code ${code}`,
    cure: `add ${group}.${code}; server/errors/codes.ts says in English what happened`,
  }))
}

/** Every variable stands in `.env.example` (set or commented out) and in the README's table. */
export function checkVariables(names: string[], example: string, readme: { path: string, text: string }): Finding[] {
  const said = new Set([...example.matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map(match => match[1] ?? ''))
  const tabled = new Set([...readme.text.matchAll(/^\| *`([A-Z][A-Z0-9_]+)` *\|/gm)].map(match => match[1] ?? ''))
  return [
    ...names.filter(name => !said.has(name)).map(name => ({ path: '.env.example', line: 1, wrong: `lacks ${name}`, cure: 'add it with its default and one sentence' })),
    ...names.filter(name => !tabled.has(name)).map(name => ({ path: readme.path, line: 1, wrong: `lacks ${name} in the table of variables`, cure: 'add a row: name, default, meaning' })),
    ...[...tabled].filter(name => !names.includes(name)).map(name => ({ path: readme.path, line: 1, wrong: `tells of ${name}, which nothing reads`, cure: 'delete the row, or add the variable to server/config/env.ts' })),
  ]
}
