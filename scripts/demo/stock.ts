/** Fills an empty shop, through the API an admin would use: one channel, three models, one key. */
import type { Client } from './client.ts'

const CHANNEL = 'sandbox'

/** Credits per million tokens. */
const models = [
  { name: 'sandbox-text', description: 'A few fixed sentences', prices: { input: '1', output: '2' } },
  { name: 'sandbox-paced-100-50', description: 'Fifty words, one every 100 ms', prices: { input: '1', output: '2' } },
  { name: 'sandbox-tools', description: 'Calls the first tool it is offered', prices: { input: '3', output: '15', cachedInput: '0.3' } },
]

interface List<T> {
  items: T[]
  next: string | null
}

interface Channel {
  id: string
  baseUrl: string
  version: string
}

export interface Upstream {
  baseUrl: string
  apiKey: string
}

/** Connects the channel and puts the models on sale; what is there already stays, but for an address that has moved. */
export async function stockShop(admin: Client, upstream: Upstream): Promise<void> {
  const fields = { name: 'Sandbox', dialect: 'openai-chat', baseUrl: upstream.baseUrl, enabled: true, priority: 0, weight: 1, credentials: [upstream.apiKey] }
  const channel = (await admin.call<List<Channel>>('GET', '/api/admin/channels')).items.find(({ id }) => id === CHANNEL)
  if (!channel) await admin.call('POST', '/api/admin/channels', { id: CHANNEL, ...fields })
  else if (channel.baseUrl !== upstream.baseUrl) await admin.call('PUT', `/api/admin/channels/${CHANNEL}`, { ...fields, version: channel.version })

  const known = (await admin.call<List<{ name: string }>>('GET', '/api/admin/models?limit=200')).items.map(({ name }) => name)
  for (const model of models.filter(({ name }) => !known.includes(name))) {
    await admin.call('POST', '/api/admin/models', { ...model, routes: [{ channel: CHANNEL }] })
  }
}

/** The key of the last run if the shop still knows it, else a new one. */
export async function keyFor(user: Client, origin: string, lastKey: string | undefined): Promise<string> {
  if (lastKey && await isKnown(origin, lastKey)) return lastKey
  const { secret } = await user.call<{ secret: string | null }>('POST', '/api/user/keys', { name: 'demo' })
  if (!secret) throw new Error('the shop made a key but did not show it')
  return secret
}

/** The list of models is public, but a wrong key is refused there too. */
async function isKnown(origin: string, key: string): Promise<boolean> {
  return (await fetch(`${origin}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).ok
}
