import OpenAI from 'openai'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replyOf } from '../../sandbox/index.ts'
import { awake, forgive, launchBrowser, openPage, visit } from '../support/browser'
import { startVapor } from '../support/server'
import type { Vapor } from '../support/server'

/** 1.5 and 6 credits per million tokens: 1,500 and 6,000 nano each. */
const INPUT_PRICE = '1.5'
const OUTPUT_PRICE = '6'
const costOf = (input: number, output: number) => input * 1_500 + output * 6_000
const credits = (nano: number) => (nano / 1e9).toFixed(9).replace(/\.?0+$/, '')
const WELCOME = 10e9

const ask = [{ role: 'user' as const, content: 'What should I drink this morning?' }]
const tools = [{ type: 'function' as const, function: { name: 'brew', description: 'Brews something', parameters: { type: 'object', properties: { leaf: { type: 'string' } } } } }]

let vapor: Vapor
let browser: Browser
let admin: Page
let user: Page
let secret: string
let available = WELCOME
const complaints: string[] = []

beforeAll(async () => {
  vapor = await startVapor()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await vapor?.stop()
})

const openBrowser = (): Promise<Page> => openPage(browser, { origins: [vapor.url, vapor.sandbox!.url], complaints, locale: 'en-US', phone: false })

async function signInAs(page: Page, uid: string, path: string): Promise<void> {
  await visit(page, vapor.url + path)
  expect(new URL(page.url()).pathname).toBe('/login')
  await page.getByRole('link', { name: 'Sign in with LinuxDo' }).click()
  await page.locator(`a.choice[href*="login_hint=${uid}&"], a.choice[href$="login_hint=${uid}"]`).first().click()
  await page.waitForURL(vapor.url + path)
  await awake(page)
}

async function open(page: Page, path: string): Promise<void> {
  expect(await visit(page, vapor.url + path)).toBe(200)
}

const sdk = () => new OpenAI({ apiKey: secret, baseURL: `${vapor.url}/v1`, maxRetries: 0 })

async function me(page: Page): Promise<{ available: string, held: string }> {
  return await (await page.request.get(`${vapor.url}/api/auth/me`)).json() as { available: string, held: string }
}

async function settledRequests(page: Page): Promise<{ model: string, cost: string, endReason: string, chargeRule: string, usage: Record<string, number> }[]> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await me(page)).held === '0') break
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  const reply = await (await page.request.get(`${vapor.url}/api/user/usage`)).json() as { requests: { items: never[] } }
  return reply.requests.items
}

describe('the shop opens', () => {
  it('sends signed-out visitors to the sign-in page from the server, without a flash', async () => {
    for (const path of ['/console', '/console/keys', '/admin', '/admin/channels']) {
      const response = await fetch(vapor.url + path, { redirect: 'manual' })
      expect([path, response.status, new URL(response.headers.get('location')!, vapor.url).pathname]).toEqual([path, 302, '/login'])
    }
    expect((await fetch(`${vapor.url}/api/admin/channels`)).status).toBe(401)
  })

  it('an admin signs in, connects a channel, tests it, and puts models on sale', async () => {
    admin = await openBrowser()
    await signInAs(admin, '1', '/admin/channels')
    await admin.getByRole('button', { name: 'Add the first channel' }).click()
    await admin.getByLabel('Name', { exact: true }).fill('Tea house')
    await admin.getByLabel('Base URL').fill(vapor.sandbox!.upstream.baseUrl)
    await admin.getByLabel('Upstream API keys').fill(vapor.sandbox!.upstream.apiKeys.join('\n'))
    await admin.getByRole('button', { name: 'Add', exact: true }).click()
    await admin.getByText('Tea house').first().waitFor()

    await open(admin, '/admin/models')
    for (const name of ['sandbox-text', 'sandbox-tools', 'sandbox-paced-50-200']) {
      await admin.getByRole('button', { name: /^Add (the first )?model$/ }).first().click()
      await admin.getByLabel('Model name').fill(name)
      await admin.getByLabel('Input', { exact: true }).fill(INPUT_PRICE)
      await admin.getByLabel('Output', { exact: true }).fill(OUTPUT_PRICE)
      await admin.getByRole('button', { name: 'Add', exact: true }).click()
      await admin.getByRole('dialog').waitFor({ state: 'detached' })
      await admin.getByText(name, { exact: true }).first().waitFor()
    }

    await open(admin, '/admin/channels')
    await admin.getByRole('button', { name: 'Test channel Tea house' }).click()
    await admin.getByRole('button', { name: 'Run test' }).click()
    await admin.getByText('It works').waitFor()
  })

  it('shows the credentials of a channel to nobody, not even its admin', async () => {
    const reply = await (await admin.request.get(`${vapor.url}/api/admin/channels`)).text()
    expect(reply).toContain('Tea house')
    for (const credential of vapor.sandbox!.upstream.apiKeys) expect(reply).not.toContain(credential)
  })

  it('a user signs in and makes a key, which is shown once', async () => {
    user = await openBrowser()
    await signInAs(user, '2', '/console/keys')
    await user.getByRole('button', { name: 'Create your first key' }).click()
    await user.getByLabel('Name', { exact: true }).fill('Kettle')
    await user.getByRole('button', { name: 'Create', exact: true }).click()
    const shown = await user.getByText(/sk-[\w-]{30,}/).first().textContent()
    secret = /sk-[\w-]{30,}/.exec(shown ?? '')![0]
    await user.getByRole('button', { name: 'I have saved it' }).click()
    await user.getByText('Kettle').first().waitFor()
    expect(await (await user.request.get(`${vapor.url}/api/user/keys`)).text()).not.toContain(secret)
  })

  it('is closed to a non-admin, page and API alike', async () => {
    expect((await user.goto(`${vapor.url}/admin`))?.status()).toBe(403)
    await user.getByText('Only admins may come here').waitFor()
    forgive(complaints, 403)
    expect((await user.request.get(`${vapor.url}/api/admin/users`)).status()).toBe(403)
  })

  it('streams an answer to the official SDK and charges it to the nano', async () => {
    const body = { model: 'sandbox-text', messages: ask }
    const expected = replyOf('sandbox-text', body)
    const stream = await sdk().chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } })
    let text = ''
    let usage: OpenAI.CompletionUsage | null | undefined
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toBe(expected.text)
    expect(usage).toMatchObject({ prompt_tokens: expected.promptTokens, completion_tokens: expected.completionTokens })
    const cost = costOf(expected.promptTokens, expected.completionTokens)
    available -= cost
    expect(await me(user)).toMatchObject({ available: credits(available), held: '0' })
    expect((await settledRequests(user))[0]).toMatchObject({ model: 'sandbox-text', cost: credits(cost), endReason: 'completed', chargeRule: 'reported' })
  })

  it('carries tools there and back', async () => {
    const expected = replyOf('sandbox-tools', { messages: ask, tools })
    const completion = await sdk().chat.completions.create({ model: 'sandbox-tools', messages: ask, tools })
    const call = completion.choices[0]!.message.tool_calls![0]!
    if (call.type !== 'function') throw new Error('not a function call')
    expect(call.function.name).toBe('brew')
    expect(() => JSON.parse(call.function.arguments) as unknown).not.toThrow()
    available -= costOf(expected.promptTokens, expected.completionTokens)
    const answered = [...ask, completion.choices[0]!.message, { role: 'tool' as const, tool_call_id: call.id, content: 'A pot of green tea.' }]
    const second = await sdk().chat.completions.create({ model: 'sandbox-tools', messages: answered, tools })
    expect(second.choices[0]!.message.content).toBeTruthy()
    available -= costOf(second.usage!.prompt_tokens, second.usage!.completion_tokens)
    expect(await me(user)).toMatchObject({ available: credits(available), held: '0' })
  })

  it('stops the upstream when the client leaves in the middle, and charges what was produced', async () => {
    const leave = new AbortController()
    const stream = await sdk().chat.completions.create({ model: 'sandbox-paced-50-200', messages: ask, stream: true }, { signal: leave.signal })
    let chunks = 0
    for await (const _ of stream) if (++chunks === 6) leave.abort()
    const [request] = await settledRequests(user)
    expect(request).toMatchObject({ endReason: 'client_left', chargeRule: 'client_left' })
    expect(request!.usage.output).toBeGreaterThan(2)
    expect(request!.usage.output).toBeLessThan(150)
    const cost = costOf(request!.usage.input!, request!.usage.output!)
    expect(request!.cost).toBe(credits(cost))
    available -= cost
    expect(vapor.sandbox!.upstream.requests().findLast(({ model }) => model === 'sandbox-paced-50-200')!.closed).toBe('aborted')
  })

  it('shows the same money in the user\'s console', async () => {
    await open(user, '/console')
    expect(await user.getByTestId('available').getAttribute('title')).toBe(credits(available))
    await open(user, '/console/requests')
    const { items } = await (await user.request.get(`${vapor.url}/api/user/entries`)).json() as { items: { kind: string, amount: string, reference: string }[] }
    expect(items.map(entry => entry.kind)).toEqual(['charge', 'charge', 'charge', 'charge', 'welcome'])
    expect(items.reduce((sum, entry) => sum + Math.round(Number(entry.amount) * 1e9), 0)).toBe(available)
    const requests = await settledRequests(user)
    for (const request of requests) await user.locator(`[title="${request.cost}"]`).first().waitFor()
    await user.getByRole('button', { name: /Details of request|sandbox-text/ }).first().click()
    await user.getByText('Bill', { exact: true }).waitFor()
    await open(user, '/console/wallet')
    await user.getByText('Welcome credit').first().waitFor()
  })

  it('shows the same money in the admin\'s console, with who answered', async () => {
    const spent = credits(WELCOME - available)
    await open(admin, '/admin')
    await admin.locator(`[title="${spent}"]`).first().waitFor()
    await open(admin, '/admin/requests')
    const { items } = await (await admin.request.get(`${vapor.url}/api/admin/requests`)).json() as { items: { cost: string, username: string, attempts: { channel: string, status: number }[] }[] }
    expect(items).toHaveLength(4)
    expect(items.every(item => item.username === 'user' && item.attempts.length === 1 && item.attempts[0]!.status === 200)).toBe(true)
    for (const item of items) await admin.locator(`[title="${item.cost}"]`).first().waitFor()
  })

  it('lets an admin adjust a balance with a reason the user reads, once however often it is sent', async () => {
    const body = { adjust: { amount: '2.5', reason: 'For the patience' } }
    const headers = { 'origin': vapor.url, 'idempotency-key': 'adjust-1' }
    const replies = await Promise.all([1, 2, 3].map(() => admin.request.put(`${vapor.url}/api/admin/users/2`, { data: body, headers })))
    expect(replies.some(reply => reply.status() === 200)).toBe(true)
    available += 2.5e9
    expect((await me(user)).available).toBe(credits(available))
    await open(user, '/console/wallet')
    await user.getByText('For the patience').first().waitFor()
    await open(admin, '/admin/audit')
    await admin.getByText('adjusted the balance of').first().waitFor()
  })

  it('refuses a form that came from another site', async () => {
    const foreign = await admin.request.put(`${vapor.url}/api/admin/users/2`, { data: { note: 'x' }, headers: { origin: 'https://elsewhere.example' } })
    expect(foreign.status()).toBe(403)
    const none = await admin.request.put(`${vapor.url}/api/admin/users/2`, { data: { note: 'x' } })
    expect(none.status()).toBe(403)
  })

  it('locks a suspended user out of page, API and keys within seconds', async () => {
    const put = await admin.request.put(`${vapor.url}/api/admin/users/2`, { data: { status: 'suspended' }, headers: { origin: vapor.url } })
    expect(put.status()).toBe(200)
    await expect.poll(async () => (await user.request.get(`${vapor.url}/api/auth/me`)).status()).toBe(401)
    await expect.poll(() => sdk().chat.completions.create({ model: 'sandbox-text', messages: ask }).then(() => 200, (error: { status?: number }) => error.status)).toBe(403)
  })

  it('never made the browser complain, nor call anybody else', () => {
    expect(complaints).toEqual([])
  })

  it('kept every secret out of the log', () => {
    for (const text of [secret, ...vapor.sandbox!.upstream.apiKeys, 'test-only', ask[0]!.content]) expect(vapor.log()).not.toContain(text)
    expect(vapor.log()).not.toContain(' error ')
  })
})
