import { describe, expect, it } from 'vitest'
import { dialectOf } from '#server/dialects/index'
import type { NeutralRequest } from '#server/dialects/neutral'
import { AppError } from '#server/errors/app-error'
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import { targetOf } from '../support/wires'
import { cases, missing } from './cases'
import type { Case } from './cases'
import { compile } from './compile'
import type { TypedBody } from './compile'
import { parsed } from './expected'
import { refusedByUpstream, refusedRequests, reworded } from './refused'

/** Recorded requests written for every other dialect: typed like the SDK's own, and nothing lost that was not named. */
const asked = cases.filter(one => one.request && one.name !== 'gemini/count-tokens')
const fieldOf = (error: unknown): string => error instanceof AppError && error.code === 'unsupported_field' ? String(error.params['field']) : `not refused but broken: ${String(error)}`

function readCase(one: Case): NeutralRequest {
  const dialect = dialectOf(one.dialect)
  const body = { model: 'm', ...one.request }
  return dialect.readNeutralRequest(dialect.readRequest(Buffer.from(JSON.stringify(one.dialect === 'gemini' ? one.request : body)), targetOf(one.dialect, { stream: one.stream })))
}

function readBack(id: DialectId, body: Record<string, unknown>, stream: boolean): NeutralRequest {
  const dialect = dialectOf(id)
  return dialect.readNeutralRequest(dialect.readRequest(Buffer.from(JSON.stringify(body)), targetOf(id, { stream })))
}

/** White space may change where texts are joined; an empty object says as much as nothing. */
const bare = (text: string): string => text.replace(/\s+/g, '').replace(/^\{\}$/, '')

/** What must survive: every word, picture, call, result and tool, in order. */
function gistOf(request: NeutralRequest) {
  const blocks = request.messages.flatMap(message => message.blocks)
  const media = [...blocks, ...blocks.flatMap(block => block.type === 'tool-result' ? block.blocks : [])].filter(block => block.type === 'media')
  return {
    words: bare([...request.system, ...blocks].map(block => block.type === 'text' || block.type === 'refusal' ? block.text : '').join('')),
    calls: blocks.flatMap(block => block.type === 'tool-call' ? [[block.name, parsed(block.args)]] : []),
    results: blocks.flatMap(block => block.type === 'tool-result' ? [bare(block.blocks.map(part => part.type === 'text' ? part.text : '').join(''))] : []),
    media: media.map(block => block.data ?? block.url ?? block.text),
    tools: request.tools.map(tool => [tool.name, tool.description ?? '', Object.keys((tool.parameters['properties'] ?? {}) as object)]),
    choice: request.toolChoice?.type === 'auto' ? undefined : request.toolChoice,
    format: request.format?.type === 'text' ? undefined : request.format?.type,
  }
}

const written: (TypedBody & { one: Case, dropped: string[], from: NeutralRequest })[] = []
const refused: Record<string, string> = {}
for (const one of asked) {
  for (const id of dialectIds.filter(id => id !== one.dialect)) {
    const name = `${id} < ${one.name}`
    try {
      const from = readCase(one)
      const { body, dropped } = dialectOf(id).writeNeutralRequest(from, { model: id === 'anthropic' ? 'claude-sonnet-4-5' : 'm' })
      written.push({ name, dialect: id, one, body: JSON.parse(JSON.stringify(body)) as Record<string, unknown>, dropped, from })
    }
    catch (error) { refused[name] = fieldOf(error) }
  }
}

describe.skipIf(missing)('recorded requests (VAPOR_CORPUS)', () => {
  it('are refused only for what has no price or no word here', () => {
    const everywhere = asked.flatMap(one => refusedRequests[one.name] === undefined ? [] : dialectIds.filter(id => id !== one.dialect).map(id => [`${id} < ${one.name}`, refusedRequests[one.name]]))
    expect(refused).toEqual({ ...Object.fromEntries(everywhere) as Record<string, string>, ...refusedByUpstream })
  })

  it('are what the SDK of the other dialect would send', () => {
    expect(Object.fromEntries([...compile(written)].map(([name, messages]) => [name, messages.map(message => message.slice(0, 600)).join('\n')]))).toEqual({})
  })

  it.each(written)('$name loses nothing unnamed', ({ name, dialect, one, body, dropped, from }) => {
    const back = readBack(dialect, body, one.stream)
    const except = name in reworded ? { words: undefined, media: undefined } : {}
    expect({ ...gistOf(back), ...except }).toEqual({ ...gistOf(from), ...except })
    const kept = ({ sampling }: NeutralRequest) => ({ ...sampling, outputMax: undefined, choices: sampling.choices === 1 ? undefined : sampling.choices })
    for (const [name, value] of Object.entries(kept(from))) {
      if (value !== undefined && dropped.length === 0) expect(kept(back)[name as keyof NeutralRequest['sampling']], name).toEqual(value)
    }
  })
})
