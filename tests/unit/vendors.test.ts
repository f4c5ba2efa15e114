import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { channelCreate, channelPut, dialectIds } from '#shared/schemas/channel'
import { isVendor, vendorIds, vendors } from '#shared/schemas/vendors'
import { channelCreateOf, emptyChannelForm, withDialect, withVendor } from '~/composables/use-channel-form'

const address = { 'openai': 'https://api.openai.com/v1', 'gemini': 'https://generativelanguage.googleapis.com/v1beta', 'gemini compatible': 'https://generativelanguage.googleapis.com/v1beta/openai' }
const form = { ...emptyChannelForm(), credentials: 'sk-1' }

describe('the table of vendors', () => {
  it('proposes channels that can be saved, and docs/channels.md names them all', () => {
    const docs = readFileSync(fileURLToPath(new URL('../../docs/channels.md', import.meta.url)), 'utf8')
    for (const vendor of vendorIds.filter(id => id !== 'generic')) {
      const { name, baseUrls } = vendors[vendor]
      expect(channelCreate.safeParse(channelCreateOf(withVendor(form, vendor))).success).toBe(true)
      expect(Object.keys(baseUrls).every(dialect => dialectIds.some(id => id === dialect))).toBe(true)
      expect(docs).toContain(`| ${name} | \`${Object.values(baseUrls)[0]}\` |`)
    }
  })

  it('is asked safely', () => {
    expect([isVendor('xai'), isVendor('acme'), isVendor('toString'), isVendor(undefined)]).toEqual([true, false, false, false])
  })
})

describe('the schemas', () => {
  it('take a known vendor or none', () => {
    const fields = { name: 'Main', dialect: 'openai-chat', baseUrl: address.openai }
    for (const [vendor, ok] of [['azure', true], [undefined, true], ['acme', false]] as const) {
      expect(channelCreate.safeParse({ ...fields, credentials: ['sk-1'], vendor }).success).toBe(ok)
      expect(channelPut.safeParse({ ...fields, enabled: true, priority: 0, weight: 1, version: '1', vendor }).success).toBe(ok)
    }
  })
})

describe('choosing a vendor in the form', () => {
  it('fills in name, dialect and address, again for the next choice', () => {
    const gemini = withVendor(withVendor(form, 'openai'), 'gemini')
    expect(gemini).toMatchObject({ vendor: 'gemini', name: 'Gemini', dialect: 'gemini', baseUrl: address.gemini })
    expect(withDialect(gemini, 'openai-chat')).toMatchObject({ vendor: 'gemini', dialect: 'openai-chat', baseUrl: address['gemini compatible'] })
  })

  it('keeps what was typed', () => {
    const typed = { ...form, name: 'Tea house', baseUrl: 'https://tea.example.com/v1' }
    expect(withVendor(typed, 'anthropic')).toMatchObject({ name: 'Tea house', baseUrl: typed.baseUrl, dialect: 'anthropic' })
    expect(withVendor(typed, 'generic')).toMatchObject({ ...typed, vendor: 'generic' })
    expect(withDialect(typed, 'gemini')).toMatchObject({ baseUrl: typed.baseUrl, dialect: 'gemini' })
  })

  it('keeps the dialect of a channel that is the vendor\'s already', () => {
    const responses = { ...form, dialect: 'openai-responses' as const, baseUrl: address.openai }
    expect(withVendor(responses, 'openai')).toMatchObject({ dialect: 'openai-responses', baseUrl: address.openai })
  })
})
