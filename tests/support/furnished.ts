/** A shop in which every list has something to show, of every kind that looks different: for tests that look at pages. */
import { inviteCookie } from '#shared/schemas/code'
import type { InviteInfo } from '#shared/schemas/code'
import type { PaymentSettings } from '#shared/schemas/payment'
import type { SettingsReply } from '#shared/schemas/settings'
import { signIn, stockShop } from './console'
import type { Console } from './console'
import { payAs } from './payer'
import { startVapor } from './server'
import type { Vapor } from './server'

export const LONG_NAME = 'house/long-talk'
const DAY_MS = 86_400_000

export interface Furnished {
  admin: Console
  user: Console
  /** An order of the user's that is paid. */
  order: string
}

/** Starts and fills a shop that takes payments; its user 2 is the one whose pages are full. Takes some seconds. */
export async function startFurnished(): Promise<{ vapor: Vapor, shop: Furnished }> {
  const first = await startVapor({ payments: true })
  const { url, port, dataDir, sandbox } = first
  const { baseUrl, apiKeys } = sandbox!.upstream
  const { admin, user, key } = await stockShop(url, { baseUrl, apiKey: apiKeys[0]! }, ['sandbox-text', 'sandbox-reasoning', 'sandbox-tools', 'sandbox-error-500'])
  await furnishCatalogue(admin, baseUrl)
  await furnishRequests(url, key)
  await furnishKeys(user)
  await furnishSite(admin)
  const order = await furnishOrders(first, admin)
  await furnishUsers(url, admin, user)
  await contestAnOrder(first, admin)
  // The clock was moved for the dispute; another process has the right time again.
  await first.kill('SIGTERM')
  const again = await startVapor({ payments: true, port, dataDir, sandbox: sandbox! })
  await (await payAs(url, '2')).order('8')
  async function stop() {
    await again.stop()
    await first.stop()
  }
  return { vapor: { ...again, stop }, shop: { admin, user, order } }
}

/** Beside what sells well: a channel whose credential is wrong, one that is off, a model without a price and one with all of them. */
async function furnishCatalogue(admin: Console, baseUrl: string): Promise<void> {
  const channel = { dialect: 'openai-chat', baseUrl, credentials: ['sk-nobody-knows-this-9999'] }
  await admin.send('POST', '/api/admin/channels', { ...channel, id: 'broken', name: 'Broken', costCurrency: 'USD', costRate: '7.2' })
  await admin.send('POST', '/api/admin/channels', { ...channel, id: 'asleep', name: 'Asleep', dialect: 'anthropic', enabled: false })
  const routes = [{ channel: 'sandbox', upstream: 'sandbox-text', cost: { input: '0.5', output: '1' } }]
  await admin.send('POST', '/api/admin/models', { name: LONG_NAME, description: 'Remembers much', routes, context: 200_000, maxOutput: 64_000, modalities: ['text', 'image_in'], prices: { input: '3', output: '15', cachedInput: '0.3', longContext: { above: 100_000, prices: { input: '6', output: '22.5' } } } })
  await admin.send('POST', '/api/admin/models', { name: 'house-embedding', prices: { input: '0.1', output: '0' }, routes })
  await admin.send('POST', '/api/admin/models', { name: 'unpriced', routes })
  await admin.send('POST', '/api/admin/models', { name: 'broken-text', prices: { input: '1', output: '2' }, routes: [{ channel: 'broken', upstream: 'sandbox-text' }] })
}

/** Answered, converted, failed upstream, and refused by the upstream's door. */
async function furnishRequests(url: string, key: string): Promise<void> {
  const headers = { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' }
  const messages = [{ role: 'user', content: 'What should I drink?' }]
  for (const model of ['sandbox-text', LONG_NAME, 'sandbox-error-500', 'broken-text', 'sandbox-reasoning'])
    await (await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify({ model, messages }) })).text()
  await (await fetch(`${url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify({ model: 'sandbox-tools', max_tokens: 100, messages }) })).text()
}

async function furnishKeys(user: Console): Promise<void> {
  const soon = new Date(Date.now() + DAY_MS).toISOString()
  await user.send('POST', '/api/user/keys', { name: 'limited', spendLimit: '5', expiresAt: soon, limits: { day: '1', rpm: 60, concurrency: 2 }, models: ['sandbox-text'], ips: ['127.0.0.0/8'] })
  const { id } = await user.send<{ id: string }>('POST', '/api/user/keys', { name: 'asleep' })
  await user.send('PATCH', `/api/user/keys/${id}`, { enabled: false })
}

/** The name, the line above the pages, and announcements of every level and state. */
async function furnishSite(admin: Console): Promise<void> {
  const { site } = await admin.get<SettingsReply>('/api/admin/settings')
  await admin.send('PUT', '/api/admin/settings', { group: 'site', version: site.version, settings: { name: '', notice: { zh: '茶会周五开始', en: 'Tea on Friday' } } })
  const announce = (level: string, more: object = {}) => admin.send('POST', '/api/admin/announcements', { level, title: { zh: `公告 ${level}`, en: `News ${level}` }, text: { zh: '内容', en: 'What it is about' }, ...more })
  await announce('info', { enabled: false })
  await announce('info', { from: new Date(Date.now() + DAY_MS).toISOString() })
  await announce('info', { to: new Date(Date.now() - DAY_MS).toISOString() })
  await announce('error')
  await announce('warning')
  await announce('success')
}

async function contestAnOrder(vapor: Vapor, admin: Console): Promise<void> {
  const { credit } = vapor.sandbox!
  const payer = await payAs(vapor.url, '13')
  const id = await payer.order('5')
  await credit.pay(id)
  credit.dispute(id)
  await untilBelieved(vapor, admin, id)
}

/** Orders of the user in several states, and settings that show all there is to choose. Answers the one that was paid. */
async function furnishOrders({ url, sandbox }: Vapor, admin: Console): Promise<string> {
  const { credit } = sandbox!
  const { version, settings } = await admin.get<{ version: string, settings: PaymentSettings }>('/api/admin/settings/payments')
  await admin.send('PUT', '/api/admin/settings/payments', { version, settings: { ...settings, rate: '2', inviteCredit: '3', inviteCap: 5, tiers: [{ from: '100', bonus: 500 }] } })
  const payer = await payAs(url, '2')
  const [paid, refunded] = [await payer.order('20'), await payer.order('10')]
  for (const id of [paid, refunded]) await credit.pay(id)
  await admin.send('POST', `/api/admin/orders/${refunded}/refund`, { reason: 'Paid twice' })
  const review = await payer.order('500')
  credit.setFault({ query: 'html403' })
  await credit.pay(review)
  credit.setFault({})
  const { codes } = await admin.send<{ codes: string[] }>('POST', '/api/admin/codes', { name: 'Spring', value: '5', count: 3 })
  await payer.console.send('POST', '/api/user/redeem', { code: codes[0] })
  const { batch } = await admin.send<{ batch: { id: string } }>('POST', '/api/admin/codes', { name: 'Autumn', value: '1', count: 1, uses: 10, expiresAt: new Date(Date.now() + DAY_MS).toISOString() })
  await admin.send('PUT', `/api/admin/codes/${batch.id}`, { enabled: false })
  return paid
}

/** Asks for half an hour of the shop's clock: so long it takes until a gateway is believed that it took money back. */
export async function untilBelieved(vapor: Vapor, admin: Console, order: string): Promise<{ first: string, last: string }> {
  const ask = async () => (await admin.send<{ order: { state: string } }>('POST', `/api/admin/orders/${order}/ask`)).order.state
  const first = await ask()
  for (let time = 0; time < 2; time++) {
    await passTenMinutes(vapor)
    await ask()
  }
  return { first, last: await ask() }
}

/** By the clock of a server that takes payments. */
export async function passTenMinutes({ process, log }: Vapor): Promise<void> {
  const steps = () => log().match(/^clock \d+$/gm)?.length ?? 0
  const before = steps()
  process.kill('SIGUSR2')
  for (let tries = 0; steps() === before; tries++) {
    if (tries > 1000) throw new Error('the clock does not move')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** A guest who came by the user's invitation, one who is suspended, and one whose name tries to be more than a name. */
async function furnishUsers(url: string, admin: Console, user: Console): Promise<void> {
  const { code } = await user.get<InviteInfo>('/api/user/invite')
  await signIn(url, '71', { [inviteCookie]: code })
  await signIn(url, '11')
  await signIn(url, '12')
  await admin.send('PUT', '/api/admin/users/12', { status: 'suspended', note: 'Sold his key' })
  await admin.send('PUT', '/api/admin/users/2', { discount: 1000, adjust: { amount: '-1.5', reason: 'A broken cup' } })
}
