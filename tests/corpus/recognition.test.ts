import { describe, expect, it } from 'vitest'
import { recognise } from '#server/gateway/recognise'
import type { DialectId } from '#shared/schemas/channel'
import { cases, missing } from './cases'
import type { Case } from './cases'

/** Recorded requests at every path, with every header that says a dialect: never taken for another's. */
const asked = cases.filter(one => one.request)
const paths: [path: string, says: DialectId | undefined][] = [['/v1/chat/completions', 'openai-chat'], ['/v1/responses', 'openai-responses'], ['/v1/messages', 'anthropic'], ['/v1beta/models/m:generateContent', 'gemini'], ['/v1', undefined]]
const headers: Record<string, string>[] = [{}, { 'anthropic-version': '2023-06-01' }, { 'x-goog-api-key': 'unused' }]

/** Nothing but plain words of a user and an assistant, which two dialects write alike: path and headers decide, then Chat Completions. */
const either = new Set([
  'anthropic/error-400-temperature', 'anthropic/max-tokens-stream', 'anthropic/text-stream-basic',
  'openai-chat/content-filter-finish-azure', 'openai-chat/error-401', 'openai-chat/reasoning-tokens', 'openai-chat/text-cjk-history', 'openai-chat/text-nonstream', 'openai-chat/text-stream-no-usage',
])

function expectedOf(one: Case, says: DialectId | undefined, sent: Record<string, string>): DialectId {
  if (!either.has(one.name)) return one.dialect
  const named = sent['anthropic-version'] ? 'anthropic' : undefined
  return says === 'openai-chat' || says === 'anthropic' ? says : named ?? 'openai-chat'
}

describe.skipIf(missing)('recorded requests at every path (VAPOR_CORPUS)', () => {
  it.each(asked)('$name', (one) => {
    const body = Buffer.from(JSON.stringify(one.dialect === 'gemini' ? one.request : { model: 'm', ...one.request }))
    for (const [path, says] of paths) {
      for (const sent of headers) {
        const { dialect } = recognise(says, { path, query: new URLSearchParams(), headers: sent }, body)
        expect(dialect.id, `${path} ${JSON.stringify(sent)}`).toBe(expectedOf(one, says, sent))
      }
    }
  })
})
