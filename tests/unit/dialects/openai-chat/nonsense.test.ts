import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { AppError } from '#server/errors/app-error'
import { openaiChat } from '#server/dialects/openai-chat'
import { runs } from '../../../support/runs'
import { bytesOf, contextOf, target } from './decode'

const anything = fc.jsonValue({ maxDepth: 3 })
/** Things with the names that are looked for, and anything in them. */
const record = (names: string[], value: fc.Arbitrary<unknown>) => fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 6 })
const listOf = (item: fc.Arbitrary<unknown>) => fc.oneof(anything, fc.array(item, { maxLength: 3 }))

const called = record(['name', 'arguments'], anything)
const call = record(['id', 'index', 'type', 'function', 'extra_content', 'custom'], fc.oneof(anything, called))
const part = record(['type', 'text', 'image_url', 'file', 'input_audio', 'thinking', 'cache_control', 'refusal'], fc.oneof(anything, fc.constantFrom('text', 'image_url', 'file', 'input_audio', 'thinking')))
const message = fc.tuple(
  record(['content', 'reasoning', 'reasoning_content', 'refusal', 'audio', 'images', 'annotations', 'name', 'tool_call_id'], fc.oneof(anything, fc.array(part, { maxLength: 2 }))),
  record(['tool_calls', 'reasoning_details'], listOf(call)),
  fc.constantFrom('user', 'assistant', 'tool', 'function', 'system', 'x'),
).map(([fields, calls, role]) => ({ ...fields, ...calls, role }))
const request = fc.tuple(record(['tools', 'functions', 'tool_choice', 'function_call', 'stop', 'n', 'temperature', 'response_format', 'reasoning', 'thinking', 'modalities', 'user', 'stream_options'], listOf(call)), fc.array(message, { minLength: 1, maxLength: 4 }))
  .map(([fields, messages]) => ({ ...fields, model: 'm', messages }))
const answer = fc.tuple(record(['usage', 'error', 'x_groq', 'id', 'model'], anything), listOf(fc.tuple(message, anything).map(([said, reason]) => ({ index: 0, message: said, delta: said, finish_reason: reason }))))
  .map(([fields, choices]) => ({ ...fields, choices }))

function onlyAppErrors(work: () => void): void {
  try {
    work()
  }
  catch (error) { expect(error).toBeInstanceOf(AppError) }
}

it('nonsense from a client is refused, never a crash', () => {
  fc.assert(fc.property(fc.oneof(request, anything), wire => onlyAppErrors(() => {
    const read = openaiChat.readRequest(bytesOf(JSON.stringify(wire)), target)
    openaiChat.readInputTexts(read)
    openaiChat.writeUpstreamRequest(read, { model: 'up', credential: 'sk-up' })
    openaiChat.writeNeutralRequest(openaiChat.readNeutralRequest(read), { model: 'up' })
  })), { numRuns: runs })
})

it('nonsense from an upstream is said to be that, never a crash', () => {
  const context = contextOf()
  const clientRequest = openaiChat.readRequest(bytesOf({ model: 'm', messages: [{ role: 'user' }] }), target)
  fc.assert(fc.property(fc.oneof(answer, anything), (wire) => {
    const body = bytesOf(JSON.stringify(wire))
    onlyAppErrors(() => { openaiChat.readReply(body).text() })
    onlyAppErrors(() => { openaiChat.writeNeutralReply(openaiChat.readNeutralReply(body), context) })
    onlyAppErrors(() => {
      const reader = openaiChat.createStreamReader()
      const writer = openaiChat.createStreamWriter(clientRequest, context)
      for (const event of [...reader.read(JSON.stringify(wire)), ...reader.read('[DONE]'), ...reader.end()]) writer.write(event)
    })
    openaiChat.createStreamMeter(clientRequest).observe({ bytes: body, data: JSON.stringify(wire) })
    openaiChat.readUpstreamFailure(400, body)
    onlyAppErrors(() => { openaiChat.readModels(body) })
  }), { numRuns: runs })
})
