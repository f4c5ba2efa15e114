import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { createCatalog } from '#server/catalog/catalog'
import { createChannels, maskCredential } from '#server/catalog/channels'
import { readPrices, writePrices } from '#server/catalog/model-prices'
import { createModels } from '#server/catalog/models'
import { describeChannel, toPublicModel } from '#server/catalog/replies'
import { openVault } from '#server/secrets/vault'
import { createMemoryStore } from '#server/storage/drivers/memory'
import { keys } from '#server/storage/keys'
import { watchVersions } from '#server/storage/versions'
import { channelCreate, channelPut } from '#shared/schemas/channel'
import { modelCreate, modelPut } from '#shared/schemas/model'
import { createFeed } from '../users/people'

type ChannelForm = z.input<typeof channelCreate>
type ModelForm = z.input<typeof modelCreate>

const SECRET = 'sk-upstream-0123456789'
const channelForm = (change: Partial<ChannelForm> = {}) => channelCreate.parse({ name: 'OpenAI', dialect: 'openai-chat', baseUrl: 'https://api.openai.com/v1/', credentials: [SECRET], ...change })
const modelForm = (change: Partial<ModelForm> = {}) => modelCreate.parse({ name: 'gpt-5', prices: { input: '1.25', output: '10' }, ...change })

async function setup(allowPrivate = false) {
  const store = createMemoryStore()
  const feed = createFeed()
  const vault = await openVault({ store, vaporSecrets: ['s'.repeat(40)], jwtSecrets: [], production: true })
  const channels = createChannels({ store, versions: feed, vault, allowPrivate })
  const errors: unknown[] = []
  return { store, vault, channels, models: createModels({ store, versions: feed }), catalog: createCatalog({ store, versions: feed, channels, onError: error => errors.push(error) }), errors }
}

describe('channels', () => {
  it('keep their credentials encrypted and masked', async () => {
    const { store, channels, catalog } = await setup()
    const { value } = await channels.create(channelForm({ id: 'main' }))
    expect(value).toMatchObject({ id: 'main', baseUrl: 'https://api.openai.com/v1', weight: 1, priority: 0 })
    expect(describeChannel(value).credentials).toEqual(['…6789'])
    expect(JSON.stringify(await store.list('channel_', { limit: 10 }))).not.toContain(SECRET)
    expect((await catalog.findChannel('main'))?.credentials()).toEqual([SECRET])
    expect(maskCredential('short')).toBe('…')
  })

  it('get an id when none is given, and none twice', async () => {
    const { channels } = await setup()
    expect((await channels.create(channelForm())).value.id).toMatch(/^chn-[0-9a-z]{26}$/)
    await channels.create(channelForm({ id: 'main' }))
    await expect(channels.create(channelForm({ id: 'main' }))).rejects.toMatchObject({ code: 'already_exists', status: 409 })
  })

  it('are of no vendor when they were connected before there were any, or to one only another release knows', async () => {
    const { store, channels, catalog } = await setup()
    const { value: { vendor: _, ...old } } = await channels.create(channelForm({ id: 'main', vendor: 'xai' }))
    expect((await catalog.findChannel('main'))?.quirks).toEqual({ reasoningOutside: 'in-total' })
    for (const [id, record] of [['old', old], ['new', { ...old, vendor: 'acme' }]] as const) {
      await store.commit(`channel_${id}`, [{ put: keys.channel(id), value: { ...record, id } }])
      expect((await channels.require(id)).value.vendor).toBe('generic')
    }
    const fresh = createCatalog({ store, versions: createFeed(), channels })
    expect((await fresh.findChannel('old'))?.quirks).toEqual({})
    expect((await channels.list({ limit: 10 })).items.map(({ value }) => [value.id, describeChannel(value).vendor])).toEqual([['main', 'xai'], ['new', 'generic'], ['old', 'generic']])
  })

  it('keep their vendor when a form does not say it', async () => {
    const { channels } = await setup()
    const { value: { name, dialect, baseUrl }, version } = await channels.create(channelForm({ id: 'main', vendor: 'azure' }))
    const form = channelPut.parse({ name, dialect, baseUrl, enabled: true, priority: 0, weight: 1, version })
    const next = await channels.put('main', form)
    expect(next.value.vendor).toBe('azure')
    expect((await channels.put('main', { ...form, vendor: 'openai', version: next.version })).value.vendor).toBe('openai')
  })

  it('are saved over the version that was read only', async () => {
    const { channels, catalog } = await setup()
    const { value, version } = await channels.create(channelForm({ id: 'main' }))
    const { name, dialect, baseUrl, enabled, priority, weight } = value
    const form = channelPut.parse({ name, dialect, baseUrl, enabled, priority, weight, version })
    const next = await channels.put('main', { ...form, name: 'New' })
    expect(next.value).toMatchObject({ name: 'New', createdAt: value.createdAt })
    expect((await catalog.findChannel('main'))?.credentials()).toEqual([SECRET])
    await expect(channels.put('main', form)).rejects.toMatchObject({ code: 'changed_meanwhile', status: 409 })
    const replaced = await channels.put('main', { ...form, version: next.version, credentials: ['sk-another-0123456789', 'sk-third-0123456789'] })
    expect(describeChannel(replaced.value).credentials).toEqual(['…6789', '…6789'])
    await expect(channels.put('gone', form)).rejects.toMatchObject({ code: 'record_not_found' })
  })

  it.each(['http://api.openai.com/v1', 'https://user:pw@api.openai.com/v1', 'https://api.openai.com/v1?key=1', 'https://api.openai.com/v1#x'])('refuse %s', async (baseUrl) => {
    const { channels } = await setup()
    await expect(channels.create(channelForm({ baseUrl }))).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('take plain http where private upstreams are allowed', async () => {
    const { channels } = await setup(true)
    expect((await channels.create(channelForm({ baseUrl: 'http://127.0.0.1:4001/v1' }))).value.baseUrl).toBe('http://127.0.0.1:4001/v1')
  })

  it('take their routes along when they go', async () => {
    const { channels, models } = await setup()
    await channels.create(channelForm({ id: 'one' }))
    await channels.create(channelForm({ id: 'two' }))
    const { value } = await models.create(modelForm({ routes: [{ channel: 'one' }, { channel: 'two' }] }))
    await channels.delete('one')
    expect((await models.require(value.id)).value.routes.map(route => route.channel)).toEqual(['two'])
    await expect(channels.delete('one')).rejects.toMatchObject({ code: 'record_not_found' })
  })

  it('page in the order of their ids', async () => {
    const { channels } = await setup()
    for (const id of ['c-3', 'a', 'b-2', 'b-10']) await channels.create(channelForm({ id }))
    const first = await channels.list({ limit: 3 })
    const rest = await channels.list({ limit: 3, after: first.next ?? '' })
    expect([...first.items, ...rest.items].map(item => item.value.id)).toEqual(['a', 'b-10', 'b-2', 'c-3'])
    expect(rest.next).toBeNull()
  })

  it('whose secret is lost serve nobody and say so, but break nothing', async () => {
    const { store, channels, errors } = await setup()
    await channels.create(channelForm({ id: 'main' }))
    const vault = await openVault({ store: createMemoryStore(), vaporSecrets: ['t'.repeat(40)], jwtSecrets: [], production: true })
    const versions = createFeed()
    const other = createCatalog({ store, versions, channels: createChannels({ store, versions, vault, allowPrivate: false }), onError: error => errors.push(error) })
    expect((await other.findChannel('main'))?.credentials()).toEqual([])
    expect(errors).toHaveLength(1)
  })
})

describe('models', () => {
  it('hold their name alone, and carry it along when it changes', async () => {
    const { channels, models, catalog } = await setup()
    await channels.create(channelForm({ id: 'main' }))
    const { value, version } = await models.create(modelForm({ routes: [{ channel: 'main' }] }))
    await models.create(modelForm({ name: 'other' }))
    await expect(models.create(modelForm())).rejects.toMatchObject({ code: 'already_exists' })
    const form = modelPut.parse({ name: 'org/gpt-5', description: '', enabled: true, prices: null, routes: [], version })
    await expect(models.put(value.id, { ...form, name: 'other' })).rejects.toMatchObject({ code: 'already_exists' })
    await models.put(value.id, form)
    expect(await catalog.findModel('gpt-5')).toBeUndefined()
    expect((await catalog.findModel('org/gpt-5'))?.id).toBe(value.id)
    await models.create(modelForm())
    await expect(models.put(value.id, form)).rejects.toMatchObject({ code: 'changed_meanwhile' })
    await models.delete(value.id)
    await models.create(modelForm({ name: 'org/gpt-5' }))
  })

  it('gives a contested name to one of two', async () => {
    const { models } = await setup()
    const results = await Promise.allSettled([models.create(modelForm()), models.create(modelForm())])
    expect(results.map(result => result.status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('refuse a route to a channel that is not there', async () => {
    const { models } = await setup()
    await expect(models.create(modelForm({ routes: [{ channel: 'main' }] }))).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('are on sale when enabled, priced and routed, and say why when not', async () => {
    const { channels, models, catalog } = await setup()
    const channel = await channels.create(channelForm({ id: 'main' }))
    await models.create(modelForm({ name: 'free', prices: { input: '0', output: '0' }, routes: [{ channel: 'main' }] }))
    await models.create(modelForm({ name: 'bare', prices: null, enabled: false }))
    const reasons = async (name: string) => catalog.notForSale((await catalog.findModel(name))!)
    expect(await reasons('free')).toEqual([])
    expect(await reasons('bare')).toEqual(['disabled', 'no_price', 'no_route'])
    expect((await catalog.listOnSale()).map(model => toPublicModel(model, []))).toMatchObject([{ name: 'free', description: '', prices: { input: '0', output: '0' } }])
    const { name, dialect, baseUrl, priority, weight } = channel.value
    await channels.put('main', { name, dialect, baseUrl, priority, weight, enabled: false, version: channel.version })
    expect(await reasons('free')).toEqual(['no_route'])
    expect(await catalog.findOnSale('free')).toBeUndefined()
  })

  it('are routed by the priority and weight of route and channel together', async () => {
    const { channels, models, catalog } = await setup()
    await channels.create(channelForm({ id: 'low', priority: -5, weight: 3 }))
    await channels.create(channelForm({ id: 'off', enabled: false }))
    await channels.create(channelForm({ id: 'high', priority: 1 }))
    const { value } = await models.create(modelForm({ routes: [{ channel: 'low', weight: 2 }, { channel: 'off' }, { channel: 'high', upstream: 'gpt-5-2025' }] }))
    const routes = await catalog.routesOf(value)
    expect(routes.map(({ channel, upstreamModel, priority, weight }) => [channel.id, upstreamModel, priority, weight])).toEqual([['high', 'gpt-5-2025', 1, 1], ['low', 'gpt-5', -5, 6]])
    expect(await catalog.upstreamModelsOf('high')).toEqual(['gpt-5-2025'])
  })

  it('carry prices as integers, without loss', () => {
    const prices = { input: '0', output: '0.000000001', cachedInput: '9007199', request: '12.5' }
    const table = readPrices(prices)
    expect(table).toEqual({ input: 0, output: 1, cachedInput: 9_007_199_000_000_000, request: 12_500_000_000 })
    expect(writePrices(table)).toEqual(prices)
    expect(() => readPrices({ input: '1', output: '999999999' })).toThrow('prices.output')
  })

  it('carry prices of long requests and of pictures, and stay as they were without', async () => {
    const { store, channels, models, catalog } = await setup()
    await channels.create(channelForm({ id: 'main' }))
    const prices = { input: '1', output: '0.000000002', image: '0', longContext: { above: 200_000, prices: { input: '2', output: '0.000000003' } }, images: [{ size: '1024x1024', quality: 'high', price: '170000' }] }
    expect(() => modelForm({ prices: { ...prices, longContext: { above: 1, prices: { input: '2', output: '0.000000001' } } } })).toThrow('must not cost less')
    const form = { name: 'draw', routes: [{ channel: 'main' }] }
    await expect(models.create(modelForm({ ...form, prices: { ...prices, longContext: { above: 1, prices: { input: '2', output: '999999999' } } } }))).rejects.toThrow('prices.longContext.prices.output')
    await expect(models.create(modelForm({ ...form, prices: { ...prices, images: [{ size: 'any', quality: 'any', price: '999999999' }] } }))).rejects.toThrow('prices.images.0.price')
    const made = await models.create(modelForm({ ...form, prices: { ...prices, images: [{ size: ' 1024X1024', quality: 'HIGH', price: '170000' }] } }))
    expect(made.value.prices).toEqual({
      input: 1_000_000_000,
      output: 2,
      image: 0,
      longContext: { above: 200_000, prices: { input: 2_000_000_000, output: 3 } },
      images: [{ size: '1024x1024', quality: 'high', price: 170_000_000_000_000 }],
    })
    expect((await catalog.listOnSale()).map(model => toPublicModel(model, []))).toMatchObject([{ prices }])
    const old = { ...made.value, prices: { input: 5, output: 7 } }
    await store.commit(old.id, [{ put: keys.model(old.id), value: old }])
    const fresh = createCatalog({ store, versions: createFeed(), channels })
    expect((await fresh.listOnSale()).map(model => toPublicModel(model, []))).toMatchObject([{ prices: { input: '0.000000005', output: '0.000000007' } }])
  })

  it.each<[string, Partial<ModelForm['prices']>]>([
    ['a tier without prices', { longContext: { above: 1, prices: {} } }],
    ['a tier from nothing on', { longContext: { above: 0, prices: { input: '9' } } }],
    ['a tier by what is no token', { longContext: { above: 1, prices: { request: '9' } as never } }],
    ['a tier that makes a class cheaper by what it falls back to', { cacheWrite1h: '4', longContext: { above: 1, prices: { input: '3' } } }],
    ['pictures without a price of all others', { images: [{ size: 'any', quality: 'hd', price: '1' }] }],
    ['a picture priced twice', { image: '1', images: [{ size: 'any', quality: 'hd', price: '1' }, { size: 'ANY', quality: 'hd', price: '2' }] }],
    ['a size that is no word', { image: '1', images: [{ size: '', quality: 'hd', price: '1' }] }],
  ])('refuse %s', (_, prices) => {
    expect(modelCreate.safeParse({ name: 'm', prices: { input: '1', output: '2', ...prices } }).success).toBe(false)
  })
})

describe('the catalogue', () => {
  it('is read once, and again after a change anywhere', async () => {
    const { store, channels, models, catalog, vault } = await setup()
    const versions = watchVersions(store, { intervalMs: 60_000 })
    await versions.poll()
    const elsewhere = createCatalog({ store, versions, channels: createChannels({ store, versions, vault, allowPrivate: false }) })
    expect(await elsewhere.findModel('gpt-5')).toBeUndefined()
    await channels.create(channelForm({ id: 'main' }))
    await models.create(modelForm({ routes: [{ channel: 'main' }] }))
    expect(await catalog.findOnSale('gpt-5')).toBeDefined()
    expect(await elsewhere.findOnSale('gpt-5')).toBeUndefined()
    await versions.poll()
    expect(await elsewhere.findOnSale('gpt-5')).toBeDefined()
    versions.close()
  })

  it('tries again after a store that did not answer', async () => {
    const { store, catalog } = await setup()
    const { list } = store
    store.list = () => Promise.reject(new Error('gone'))
    await expect(catalog.listModels()).rejects.toThrow('gone')
    store.list = list
    expect(await catalog.listModels()).toEqual([])
  })
})
