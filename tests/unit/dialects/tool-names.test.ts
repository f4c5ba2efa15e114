import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dialectOf } from '#server/dialects/index'
import type { NeutralRequest } from '#server/dialects/neutral'
import { legalTools } from '#server/dialects/tool-names'
import { dialectIds } from '#shared/schemas/channel'
import { runs } from '../../support/runs'

function requestWith(names: string[]): NeutralRequest {
  return {
    model: 'm', stream: false, system: [], toolChoice: { type: 'subset', names, required: true }, parallelTools: undefined, sampling: {}, format: undefined, reasoning: undefined, userId: undefined, extra: {},
    tools: names.map(name => ({ name, description: undefined, parameters: {}, strict: undefined })),
    messages: [
      { role: 'assistant', blocks: names.map((name, index) => ({ type: 'tool-call', id: `c${index}`, name, args: '{}' })) },
      { role: 'tool', blocks: names.map((name, index) => ({ type: 'tool-result', id: `c${index}`, name, blocks: [], isError: false })) },
    ],
  }
}

const namesOf = (request: NeutralRequest): string[] => request.tools.map(tool => tool.name)
/** The answer calls every tool by the name the upstream knows. */
const calledBack = (tools: ReturnType<typeof legalTools>, names: string[]) => ({
  whole: tools.readReply({ id: undefined, model: undefined, usage: undefined, choices: [{ blocks: names.map(name => ({ type: 'tool-call', id: 'c', name, args: '{}' })), finish: 'tool-calls', stopSequence: undefined }] }).choices[0]!.blocks.map(block => block.type === 'tool-call' ? block.name : ''),
  streamed: names.map(name => tools.readEvent({ type: 'block-start', index: 0, kind: 'tool-call', id: 'c', name })).map(event => 'name' in event ? event.name : ''),
})

describe.each(dialectIds)('names of tools at an upstream of %s', (id) => {
  const legal = dialectOf(id).toolName

  it('are legal there, different, the same everywhere in the request, and come back as they were', () => {
    const name = fc.oneof(fc.string({ minLength: 1, maxLength: 150 }), fc.string({ unit: fc.constantFrom('a', '.', '/', ':', '茶'), minLength: 1, maxLength: 4 }))
    fc.assert(fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 6 }), (names) => {
      const tools = legalTools(requestWith(names), legal)
      const sent = namesOf(tools.request)
      expect(new Set(sent).size).toBe(names.length)
      sent.forEach((made, index) => {
        expect(made).toMatch(legal)
        if (legal.test(names[index]!)) expect(made).toBe(names[index])
      })
      expect(tools.renamed).toBe(names.some(given => !legal.test(given)))
      expect(tools.request.toolChoice).toMatchObject({ names: sent })
      for (const { blocks } of tools.request.messages) expect(blocks.map(block => 'name' in block ? block.name : undefined)).toEqual(sent)
      expect(calledBack(tools, sent)).toEqual({ whole: names, streamed: names })
    }), { numRuns: runs })
  })

  it('stay the same whatever other tools there are, so that caches hold', () => {
    const [alone] = namesOf(legalTools(requestWith(['tea pot/pour']), legal).request)
    expect(namesOf(legalTools(requestWith(['a b', 'tea pot/pour']), legal).request)[1]).toBe(alone)
    expect(alone).toMatch(/^tea_pot_pour_[0-9a-f]{8}$/)
  })

  it('avoid a tool that has the made name already', () => {
    const [made] = namesOf(legalTools(requestWith(['tea pot/pour']), legal).request)
    const tools = legalTools(requestWith(['tea pot/pour', made!]), legal)
    const sent = namesOf(tools.request)
    expect(sent[1]).toBe(made)
    expect(sent[0]).not.toBe(made)
    expect(calledBack(tools, sent).whole).toEqual(['tea pot/pour', made])
  })
})

it('a name the model made up passes', () => {
  expect(calledBack(legalTools(requestWith(['a.b']), /^\w+$/), ['invented']).whole).toEqual(['invented'])
})
