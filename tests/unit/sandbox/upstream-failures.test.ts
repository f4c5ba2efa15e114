import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RecordedRequest, Sandbox } from '../../../sandbox/index.ts'
import { replyOf, startSandbox } from '../../../sandbox/index.ts'
import type { ChunkLike } from './chat-client.ts'
import { ask, framesIn, joined, question, readChunks, readFrames, readUntil } from './chat-client.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
beforeEach(() => sandbox.upstream.clear())
afterAll(() => sandbox.close())

const withUsage = { stream: true, stream_options: { include_usage: true } }

async function onlyRequest(): Promise<RecordedRequest> {
  return vi.waitFor(() => {
    const [request, ...others] = sandbox.upstream.requests()
    expect(others).toEqual([])
    if (!request?.closed) throw new Error('The request is still open.')
    return request
  }, { interval: 5 })
}

describe('refusals', () => {
  it('are shaped like OpenAI\'s', async () => {
    for (const status of [400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 529]) {
      const response = await ask(sandbox, `sandbox-error-${status}`, { stream: true })
      expect(response.status).toBe(status)
      expect(await response.json()).toEqual({ error: { message: expect.any(String), type: expect.any(String), param: null, code: expect.toSatisfy(code => code === null || typeof code === 'string') } })
      expect(response.headers.get('retry-after')).toBe(status === 429 ? '2' : null)
    }
  })

  it('meet wrong keys, models and bodies', async () => {
    const status = async (rest: RequestInit, model = 'sandbox-text') => (await ask(sandbox, model, {}, rest)).status
    expect(await status({ headers: {} })).toBe(401)
    expect(await status({ headers: { authorization: 'Bearer sk-wrong' } })).toBe(401)
    expect(await status({}, 'gpt-nothing')).toBe(404)
    expect(await status({}, 'sandbox-error-418')).toBe(404)
    expect(await status({ body: '{"model":' })).toBe(400)
    expect(await status({ body: '{"model":"sandbox-text"}' })).toBe(400)
  })

  it('may be no JSON at all, lead elsewhere, or tell secrets', async () => {
    const html = await ask(sandbox, 'sandbox-html-502')
    expect([html.status, html.headers.get('content-type')]).toEqual([502, 'text/html; charset=utf-8'])
    const redirect = await ask(sandbox, 'sandbox-redirect')
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, `${sandbox.url}/upstream/elsewhere`])
    const { error } = await (await ask(sandbox, 'sandbox-secretive-error')).json() as ChunkLike
    expect(error?.message).toContain(sandbox.upstream.apiKey)
    expect(error?.message).toContain(sandbox.upstream.baseUrl)
  })

  it('end after n times for a flaky model, until cleared', async () => {
    const statuses = async () => [await ask(sandbox, 'sandbox-flaky-2'), await ask(sandbox, 'sandbox-flaky-2'), await ask(sandbox, 'sandbox-flaky-2')].map(({ status }) => status)
    expect(await statuses()).toEqual([500, 500, 200])
    sandbox.upstream.clear()
    expect(await statuses()).toEqual([500, 500, 200])
  })
})

describe('broken answers', () => {
  it('lose their connection where the name says', async () => {
    await expect(ask(sandbox, 'sandbox-reset')).rejects.toThrow()
    const before = await readUntil(await ask(sandbox, 'sandbox-cut-before', { stream: true }), () => false)
    expect([before.broke, framesIn(before.text).length]).toEqual([true, 1])
    const middle = await readUntil(await ask(sandbox, 'sandbox-cut-mid', { stream: true }), () => false)
    expect(middle.broke).toBe(true)
    expect(framesIn(middle.text).length).toBeGreaterThan(5)
    await expect((await ask(sandbox, 'sandbox-cut-before')).text()).rejects.toThrow()
    const half = await readUntil(await ask(sandbox, 'sandbox-cut-mid'), () => false)
    expect([half.broke, half.text.length > 50]).toEqual([true, true])
    expect(sandbox.upstream.requests().map(({ closed }) => closed)).toEqual(Array(5).fill('finished'))
  })

  it('carry errors and bad JSON in a 200', async () => {
    const first = await readFrames(await ask(sandbox, 'sandbox-error-first', { stream: true }))
    expect(first.map(frame => Object.keys(JSON.parse(frame) as object))).toEqual([['error']])
    const middle = await readChunks(await ask(sandbox, 'sandbox-error-mid', { stream: true }))
    expect(middle.at(-1)?.error?.message).toBeTruthy()
    expect(joined(middle.slice(0, -1), 'content').length).toBeGreaterThan(5)
    expect(await (await ask(sandbox, 'sandbox-error-mid')).json()).toHaveProperty('error')
    await expect((await ask(sandbox, 'sandbox-badjson')).json()).rejects.toThrow(SyntaxError)
    const frames = await readFrames(await ask(sandbox, 'sandbox-badjson', { stream: true }))
    const broken = frames.filter((frame) => {
      try {
        return frame !== '[DONE]' && !JSON.parse(frame)
      }
      catch {
        return true
      }
    })
    expect(broken).toHaveLength(1)
  })

  it('report usage nobody should believe', async () => {
    const usageOf = async (model: string) => {
      const whole = await (await ask(sandbox, model)).json() as ChunkLike
      const streamed = (await readChunks(await ask(sandbox, model, withUsage))).findLast(({ usage }) => usage)?.usage
      expect(streamed).toEqual(whole.usage)
      return whole.usage
    }
    const { promptTokens } = replyOf('sandbox-text', { messages: question })
    expect(await usageOf('sandbox-no-usage')).toBeUndefined()
    expect(await usageOf('sandbox-usage-absurd')).toMatchObject({ completion_tokens: 1e12, total_tokens: 1e12 + promptTokens })
    expect(await usageOf('sandbox-usage-negative')).toMatchObject({ completion_tokens: -50 })
    expect(await usageOf('sandbox-usage-string')).toMatchObject({ prompt_tokens: String(promptTokens) })
    expect(await usageOf('sandbox-usage-cached-over')).toMatchObject({ prompt_tokens_details: { cached_tokens: promptTokens + 100 } })
  })
})

describe('time', () => {
  it('passes before headers and between chunks', async () => {
    let start = performance.now()
    await ask(sandbox, 'sandbox-slow-headers-60', { stream: true })
    expect(performance.now() - start).toBeGreaterThan(55)
    start = performance.now()
    const chunks = await readChunks(await ask(sandbox, 'sandbox-paced-10-6', { stream: true }))
    expect(performance.now() - start).toBeGreaterThan(55)
    expect(chunks.filter(({ choices }) => choices[0]?.delta['content'])).toHaveLength(6)
  })
})

describe('the record', () => {
  it('keeps the bytes and says when an answer was finished', async () => {
    const body = '{ "model":"sandbox-text",  "messages":[{"role":"user","content":"\\u8336"}] }'
    await (await ask(sandbox, '', {}, { body })).text()
    const request = await onlyRequest()
    expect(request).toMatchObject({ method: 'POST', path: '/upstream/openai/v1/chat/completions', model: 'sandbox-text', closed: 'finished', chunks: 1 })
    expect(request.body.equals(Buffer.from(body))).toBe(true)
    const listed = await (await fetch(`${sandbox.url}/upstream/_requests`)).json() as { requests: { body: string }[] }
    expect(listed.requests.map(entry => entry.body)).toEqual([body])
    await fetch(`${sandbox.url}/upstream/_requests`, { method: 'DELETE' })
    expect(sandbox.upstream.requests()).toEqual([])
  })

  it('says when a client left a stream, a silence or a wait', async () => {
    for (const model of ['sandbox-stall', 'sandbox-stall-mid', 'sandbox-paced-20-1000', 'sandbox-slow-headers-60000']) {
      sandbox.upstream.clear()
      const client = new AbortController()
      const answer = ask(sandbox, model, { stream: true }, { signal: client.signal })
      if (model.includes('slow')) setTimeout(() => client.abort(), 30)
      else await readUntil(await answer, text => text.includes('\n\n')).then(() => client.abort())
      await answer.catch(() => undefined)
      const request = await onlyRequest()
      expect(request.closed, model).toBe('aborted')
      const { chunks } = request
      await new Promise(resolve => setTimeout(resolve, 30))
      expect(request.chunks, model).toBe(chunks)
    }
  })

  it('is bounded', async () => {
    const headers = { authorization: `Bearer ${sandbox.upstream.apiKey}` }
    for (let index = 0; index < 1010; index += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, offset) => fetch(`${sandbox.upstream.baseUrl}/models/${index + offset}`, { headers }).then(response => response.text())))
    }
    expect(sandbox.upstream.requests()).toHaveLength(1000)
  })

  it('refuses a body it cannot keep', async () => {
    const response = await ask(sandbox, '', {}, { body: Buffer.alloc(33 * 1024 * 1024, 32) }).catch((error: unknown) => error)
    expect(response instanceof Response ? response.status : 413).toBe(413)
    expect((await fetch(sandbox.url)).status).toBe(200)
  })
})
