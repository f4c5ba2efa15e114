import { isRecord } from '../talk.ts'

/** Gemini reads every field in both spellings, and its errors name it in snake_case. */
export function camelKeys(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [camel(name), inner]))
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

export function recordIn(value: Record<string, unknown>, name: string): Record<string, unknown> {
  return camelKeys(value[name])
}

export function listIn(value: Record<string, unknown>, name: string): unknown[] {
  const list = value[name]
  return Array.isArray(list) ? list : []
}

/** The path of a field as errors write it: `generation_config.thinking_config`. */
export function at(path: string, name: string): string {
  return path === '' ? snake(name) : `${path}.${snake(name)}`
}

/** Why Gemini refuses an object: a field it does not know, named as the client wrote it. */
export function unknownField(value: unknown, known: ReadonlySet<string>, path: string): string | undefined {
  if (!isRecord(value)) return undefined
  const name = Object.keys(value).find(key => !known.has(camel(key)))
  return name === undefined ? undefined : cannotFind(name, path)
}

function cannotFind(name: string, path: string): string {
  return `Invalid JSON payload received. Unknown name ${JSON.stringify(name)}${path === '' ? '' : ` at '${path}'`}: Cannot find field.`
}

export function notRepeating(name: string, path: string): string {
  return `Invalid JSON payload received. Unknown name ${JSON.stringify(name)} at '${path}': Proto field is not repeating, cannot start list.`
}

/** The first problem there is; the checks after it are not made. */
export function firstProblem<T>(values: T[], check: (value: T, index: number) => string | undefined): string | undefined {
  for (const [index, value] of values.entries()) {
    const problem = check(value, index)
    if (problem !== undefined) return problem
  }
  return undefined
}
