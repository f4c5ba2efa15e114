import { describe, expect, it } from 'vitest'
import { AppError } from '#server/errors/app-error'
import { openaiChat } from '#server/dialects/openai-chat'
import { bytesOf, refusalOf, target } from './decode'

const bodyOf = (error: AppError) => JSON.parse(Buffer.from(openaiChat.writeError(error, 'r1').body).toString('utf8')).error

describe('an upstream\'s failure', () => {
  it.each([
    [401, { error: { message: 'bad key', code: 'invalid_api_key' } }, 'credential', 'bad key'],
    [400, { error: { message: 'API key not valid. Please pass a valid API key.' } }, 'credential', 'API key not valid. Please pass a valid API key.'],
    [402, { error: { message: 'pay' } }, 'credential', 'pay'],
    [403, { error: { message: 'flagged', metadata: { reasons: ['violence'] } } }, 'client', 'flagged'],
    [429, { error: { message: 'slow', code: 'rate_limit_exceeded' } }, 'busy', 'slow'],
    [429, { error: { message: 'empty account', code: 'insufficient_quota' } }, 'credential', 'empty account'],
    [400, { error: { message: 'no such field' } }, 'client', 'no such field'],
    [400, { error: { message: 'gone', code: 'model_not_found' } }, 'upstream', 'gone'],
    [404, { error: { message: 'gone' } }, 'upstream', 'gone'],
    [500, { error: { code: 500, message: 'oops' } }, 'upstream', 'oops'],
    [500, { error: { message: 'This model\'s maximum context length is 8 tokens. However, your messages resulted in 9 tokens.' } }, 'client', undefined],
    [400, { error: 'bare text' }, 'client', 'bare text'],
    [400, { code: 'Bad', error: 'xAI text' }, 'client', 'xAI text'],
    [422, { detail: 'Mistral text' }, 'client', 'Mistral text'],
    [422, { detail: [{ loc: ['body'], msg: 'field required' }] }, 'client', 'field required'],
    [422, { object: 'error', message: 'vLLM text' }, 'client', 'vLLM text'],
    [400, [{ error: { code: 400, message: 'in a list' } }], 'client', 'in a list'],
    [502, '<html>bad gateway</html>', 'upstream', undefined],
    [500, '', 'upstream', undefined],
    [500, '5', 'upstream', undefined],
  ] as const)('%i %j: %s', (status, body, blame, message) => {
    const failure = openaiChat.readUpstreamFailure(status, bytesOf(body))
    expect(failure.blame).toBe(blame)
    if (message !== undefined) expect(failure.message).toBe(message)
  })
})

describe('an error for a client', () => {
  it('has the vendor\'s shape, and says whether to retry', () => {
    const { status, headers } = openaiChat.writeError(new AppError('upstream_busy', { model: 'm' }, { retryAfterSeconds: 3 }), 'r1')
    expect({ status, headers }).toEqual({ status: 429, headers: { 'content-type': 'application/json; charset=utf-8', 'x-should-retry': 'true', 'retry-after': '3' } })
    expect(bodyOf(new AppError('invalid_key'))).toMatchObject({ type: 'authentication_error', code: 'invalid_api_key', param: null, message: expect.stringContaining('r1') })
    expect(bodyOf(new AppError('unsupported_field', { field: 'n', why: 'x' }))).toMatchObject({ type: 'invalid_request_error', param: 'n' })
  })

  it.each([
    'prompt is too long: 210000 tokens > 200000 maximum',
    'The input token count (210000) exceeds the maximum number of tokens allowed (200000).',
    'This model\'s maximum context length is 200000 tokens. However, your messages resulted in 210000 tokens.',
  ])('translates "%s" into the words agents look for', (problem) => {
    expect(bodyOf(new AppError('upstream_rejected', { problem }))).toMatchObject({
      code: 'context_length_exceeded',
      type: 'invalid_request_error',
      message: expect.stringContaining('This model\'s maximum context length is 200000 tokens. However, your messages resulted in 210000 tokens.'),
    })
  })

  it('stands alone in a stream', () => {
    const request = openaiChat.readRequest(bytesOf({ model: 'm', messages: [{ role: 'user' }] }), target)
    const frame = Buffer.from(openaiChat.writeErrorFrame(new AppError('upstream_cut'), 'r1', request)).toString('utf8')
    expect(frame).toMatch(/^data: \{"error":\{.*\}\}\n\n$/)
  })
})

describe('what an admin asks', () => {
  it('lists models', () => {
    expect(openaiChat.readModels(bytesOf({ object: 'list', data: [{ id: 'a' }, { id: 'b' }] }))).toEqual(['a', 'b'])
    expect(refusalOf(() => openaiChat.readModels(bytesOf({ data: 5 })))).toBe('upstream_malformed')
    expect(refusalOf(() => openaiChat.readModels(bytesOf('<html>')))).toBe('upstream_malformed')
    expect(openaiChat.writeModelsRequest('sk-up')).toMatchObject({ path: '/models', headers: { authorization: 'Bearer sk-up' } })
  })

  it('probes with a request of its own dialect', () => {
    expect(refusalOf(() => openaiChat.readRequest(openaiChat.writeProbe('m'), target))).toBe('accepted')
  })
})
