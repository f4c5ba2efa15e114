import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { api } from '#shared/schemas/api'
import { errorReply } from '#shared/schemas/common'
import type { Configuration, ImportReply } from '#shared/schemas/configuration'
import { startConsole } from './console'
import type { Console } from './console'

const PASSPHRASE = 'kettle on the stove'
let file: Configuration
let sealed: Configuration

/** A shop of its own each: what one exports the other takes over. */
async function open(): Promise<{ site: Console, call: (method: string, path: string, body?: unknown) => Promise<{ status: number, body: unknown }> }> {
  const site = await startConsole()
  const cookie = await site.signIn('1', { username: 'admin' })
  return { site, call: (method, path, body) => site.call(method, `/api/admin/${path}`, { cookie, body }) }
}

beforeAll(async () => {
  const { site, call } = await open()
  await call('POST', 'channels', { id: 'main', name: 'Main', dialect: 'openai-chat', baseUrl: 'https://api.example.com/v1', credentials: ['sk-first-0123456789', 'sk-second-987654'] })
  const { version } = (await call('GET', 'channels') as { body: { items: { version: string }[] } }).body.items[0]!
  await call('PATCH', 'channels/main/credentials', { version, disable: [1] })
  await call('POST', 'models', { name: 'gpt-5', prices: { input: '1', output: '2' }, routes: [{ channel: 'main' }] })
  await call('PUT', 'settings', { group: 'site', version: 'absent', settings: { name: 'Tea House', notice: { zh: '', en: '' } } })
  await call('POST', 'announcements', { title: { zh: '开张', en: 'Opening' } })
  file = api.exportConfiguration.reply.parse((await call('GET', 'configuration')).body)
  sealed = api.exportWithCredentials.reply.parse((await call('POST', 'configuration/export', { passphrase: PASSPHRASE })).body)
  await site.close()
})

describe('an exported configuration', () => {
  it('holds everything but users and money, and no credential in clear', () => {
    expect(file).toMatchObject({ kind: 'vapor-configuration', v: 1, credentials: null, channels: [{ id: 'main', credentialHints: ['…6789', '…7654'] }], models: [{ name: 'gpt-5', routes: [{ channel: 'main' }] }], settings: { site: { name: 'Tea House' } }, announcements: [{ title: { zh: '开张' } }] })
    expect(sealed.credentials).not.toBeNull()
    expect(JSON.stringify([file, sealed])).not.toMatch(/sk-(?:first|second)|first-0123/)
  })
})

describe('an import', () => {
  let shop: Awaited<ReturnType<typeof open>>
  const run = async (body: object) => {
    const { body: reply } = await shop.call('POST', 'configuration/import', body)
    return api.importConfiguration.reply.parse(reply).items
  }
  const summary = (items: ImportReply['items']) => items.filter(({ kind }) => kind !== 'settings').map(({ kind, name, action, note }) => `${kind} ${name} ${action} ${note}`)

  beforeAll(async () => { shop = await open() })
  afterAll(() => shop.site.close())

  it('says first what it would do, and does nothing', async () => {
    const items = await run({ configuration: file, dryRun: true })
    expect(summary(items)).toEqual(['channel Main (main) create no_credentials', 'model gpt-5 create null', 'announcement 开张 create null'])
    expect(items.find(({ name }) => name === 'site')).toMatchObject({ action: 'change', changes: [{ field: 'name', before: '', after: 'Tea House' }] })
    expect((await shop.call('GET', 'channels')).body).toMatchObject({ items: [] })
  })

  it('takes over what it said; a channel without credentials stays off', async () => {
    await run({ configuration: file, dryRun: false })
    expect((await shop.call('GET', 'channels')).body).toMatchObject({ items: [{ id: 'main', enabled: false, credentials: [] }] })
    expect((await shop.call('GET', 'models')).body).toMatchObject({ items: [{ name: 'gpt-5', prices: { input: '1', output: '2' }, notForSale: ['no_route'] }] })
    expect((await shop.site.call('GET', '/api/site')).body).toMatchObject({ name: 'Tea House', announcements: [{ title: { zh: '开张' } }] })
  })

  it('brings the credentials with the passphrase, those that are off included', async () => {
    const wrong = await shop.call('POST', 'configuration/import', { configuration: sealed, passphrase: 'something else', dryRun: false })
    expect(errorReply.parse(wrong.body).error).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('passphrase') })
    expect(summary(await run({ configuration: sealed, passphrase: PASSPHRASE, dryRun: false }))[0]).toBe('channel Main (main) change null')
    expect((await shop.call('GET', 'channels')).body).toMatchObject({ items: [{ enabled: true, credentials: [{ hint: '…6789', enabled: true }, { hint: '…7654', enabled: false }] }] })
    expect((await shop.site.runtime.catalog.findChannel('main'))!.credentials()).toEqual(['sk-first-0123456789'])
  })

  it('changes nothing when it is repeated', async () => {
    const items = await run({ configuration: sealed, passphrase: PASSPHRASE, dryRun: false })
    expect(items.map(({ action }) => action)).toEqual(items.map(() => 'same'))
    expect((await shop.call('GET', 'announcements')).body).toMatchObject({ items: [{ title: { zh: '开张' } }] })
  })

  it('shows each field that changes, and refuses what cannot be', async () => {
    const [channel] = file.channels
    const [model] = file.models
    const items = await run({
      dryRun: false,
      configuration: { ...file, channels: [{ ...channel, priority: 7 }, { ...channel, id: 'odd', baseUrl: 'https://user:secret@example.com' }], models: [{ ...model, prices: { input: '3', output: '2' } }, { ...model, name: 'lost', routes: [{ channel: 'nowhere' }] }], announcements: [] },
    })
    expect(items.map(({ kind, name, action }) => `${kind} ${name} ${action}`).filter(line => !line.startsWith('settings'))).toEqual(['channel Main (main) change', 'channel Main (odd) refused', 'model gpt-5 change', 'model lost refused'])
    expect(items[0]!.changes).toEqual([{ field: 'priority', before: '0', after: '7' }])
    expect(items.find(({ name }) => name === 'lost')!.note).toBe('unknown_channel')
    expect((await shop.call('GET', 'models')).body).toMatchObject({ items: [{ name: 'gpt-5', prices: { input: '3' } }] })
  })

  it('leaves lines in the audit and no secret in them', async () => {
    const { body } = await shop.call('GET', 'audit?limit=200&action=configuration')
    expect(JSON.stringify(body)).toContain('configuration.import')
    expect(JSON.stringify((await shop.call('GET', 'audit?limit=200')).body)).not.toMatch(/sk-(?:first|second)|first-0123/)
  })
})
