/** Fills an empty shop, through the API an admin would use: a channel for each dialect, some models, one key. */
import type { Client } from './client.ts'

type DialectId = 'openai-chat' | 'openai-responses' | 'anthropic' | 'gemini'

const channels: Record<DialectId, { id: string, name: string }> = {
  'openai-chat': { id: 'sandbox', name: 'Sandbox (OpenAI Chat)' },
  'openai-responses': { id: 'sandbox-responses', name: 'Sandbox (OpenAI Responses)' },
  'anthropic': { id: 'sandbox-anthropic', name: 'Sandbox (Anthropic)' },
  'gemini': { id: 'sandbox-gemini', name: 'Sandbox (Gemini)' },
}

/** Credits per million tokens. `upstream` is the scenario where the public name is another. */
const models: { name: string, description: string, dialect?: DialectId, upstream?: string, prices: Record<string, string> }[] = [
  { name: 'sandbox-text', description: 'A few fixed sentences', prices: { input: '1', output: '2' } },
  { name: 'sandbox-paced-100-50', description: 'Fifty words, one every 100 ms', prices: { input: '1', output: '2' } },
  { name: 'sandbox-tools', description: 'Calls the first tool it is offered', prices: { input: '3', output: '15', cachedInput: '0.3' } },
  { name: 'claude-sandbox', description: 'An Anthropic channel; call it in any dialect', dialect: 'anthropic', upstream: 'sandbox-text', prices: { input: '3', output: '15' } },
  { name: 'gemini-sandbox', description: 'A Gemini channel; call it in any dialect', dialect: 'gemini', upstream: 'sandbox-text', prices: { input: '1.25', output: '10' } },
  { name: 'responses-sandbox', description: 'An OpenAI Responses channel; call it in any dialect', dialect: 'openai-responses', upstream: 'sandbox-text', prices: { input: '1.25', output: '10' } },
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

/** Connects the channels and puts the models on sale; what is there already stays, but for addresses that have moved. */
export async function stockShop(admin: Client, upstreams: Record<DialectId, Upstream>): Promise<void> {
  const present = (await admin.call<List<Channel>>('GET', '/api/admin/channels')).items
  for (const [dialect, { id, name }] of Object.entries(channels) as [DialectId, { id: string, name: string }][]) {
    const { baseUrl, apiKey } = upstreams[dialect]
    const fields = { name, dialect, baseUrl, enabled: true, priority: 0, weight: 1, credentials: [apiKey] }
    const channel = present.find(candidate => candidate.id === id)
    if (!channel) await admin.call('POST', '/api/admin/channels', { id, ...fields })
    else if (channel.baseUrl !== baseUrl) await admin.call('PUT', `/api/admin/channels/${id}`, { ...fields, version: channel.version })
  }

  const known = (await admin.call<List<{ name: string }>>('GET', '/api/admin/models?limit=200')).items.map(({ name }) => name)
  for (const { dialect = 'openai-chat', upstream = '', ...model } of models.filter(({ name }) => !known.includes(name))) {
    await admin.call('POST', '/api/admin/models', { ...model, routes: [{ channel: channels[dialect].id, upstream }] })
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
