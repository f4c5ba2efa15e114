import { mountSuspended } from '@nuxt/test-utils/runtime'
import { describe, expect, it } from 'vitest'
import { billLines, billTotal, priceOf } from '~/composables/use-bill'
import { channelPutOf, emptyChannelForm } from '~/composables/use-channel-form'
import { emptyKeyForm, keyBodyOf } from '~/composables/use-key-form'
import { convertPriceForm, emptyPriceForm, priceFormOf, pricesOf } from '~/composables/use-price-form'
import { pickLocale } from '~/composables/use-locale-switch'
import { readApiError } from '~/composables/use-api-error'
import { safeNext } from '~/composables/use-sign-in'
import UiMoneyInput from '~/components/ui/MoneyInput.vue'
import { keyCreate } from '#shared/schemas/key'
import { prices as pricesSchema } from '#shared/schemas/price'

describe('the price form', () => {
  it('is not for sale while nothing is typed, and 0 is a price', () => {
    const form = emptyPriceForm()
    expect(pricesOf(form)).toBeNull()
    form.texts.input = '0'
    form.texts.output = '0'
    expect(pricesOf(form)).toEqual({ input: '0', output: '0' })
  })

  it('lets the schema refuse a price that is only half there', () => {
    const form = emptyPriceForm()
    form.texts.output = '2'
    expect(pricesSchema.safeParse(pricesOf(form)).success).toBe(false)
  })

  it('changes no price by changing the unit', () => {
    const stored = { input: '2.5', output: '10', cachedInput: '0.125', request: '500' }
    const million = priceFormOf(stored)
    const thousand = convertPriceForm(million, 'thousand')
    expect(thousand.texts).toMatchObject({ input: '0.0025', output: '0.01', cachedInput: '0.000125', request: '0.0005', reasoning: '' })
    expect(pricesOf(thousand)).toEqual(stored)
    expect(pricesOf(convertPriceForm(thousand, 'million'))).toEqual(stored)
  })
})

describe('the bill of a request', () => {
  const prices = { input: '1', output: '3', reasoning: '0.000000001' }

  it('charges a class without a price like the one behind it', () => {
    expect(priceOf(prices, 'cacheWrite1h')).toBe('1')
    expect(priceOf(prices, 'audioOutput')).toBe('3')
    expect(priceOf(prices, 'request')).toBe('0')
  })

  it('rounds up once, at the end', () => {
    expect(billTotal(billLines({ reasoning: 1 }, prices), prices)).toBe('0.000000001')
    expect(billTotal(billLines({ input: 1840, output: 526 }, prices), prices)).toBe('0.003418')
    expect(billTotal(billLines({ input: 1840, output: 526 }, prices), prices, 1000)).toBe('0.0030762')
  })
})

describe('forms become bodies', () => {
  it('a key without limits', () => {
    expect(keyBodyOf({ ...emptyKeyForm(), name: 'laptop' })).toEqual({ name: 'laptop', expiresAt: null, spendLimit: null, models: [] })
  })

  it('a custom time left open is refused by the schema', () => {
    expect(keyCreate.safeParse(keyBodyOf({ ...emptyKeyForm(), name: 'laptop', expiry: 'custom' })).success).toBe(false)
  })

  it('a channel keeps its credentials when the field is left empty', () => {
    expect(channelPutOf({ ...emptyChannelForm(), credentials: ' \n' }, 'v1')).not.toHaveProperty('credentials')
    expect(channelPutOf({ ...emptyChannelForm(), credentials: 'sk-1\n\n sk-2 ' }, 'v1').credentials).toEqual(['sk-1', 'sk-2'])
  })
})

describe('what comes from outside', () => {
  it('leads only to paths of this site after signing in', () => {
    expect(safeNext('/console?x=1')).toBe('/console?x=1')
    for (const bad of ['//evil.example', '/\\evil.example', 'https://evil.example', '', undefined, ['/a']]) expect(safeNext(bad)).toBeUndefined()
  })

  it('picks the first language the pages speak', () => {
    expect(pickLocale('fr-FR,en;q=0.8,zh;q=0.5')).toBe('en')
    expect(pickLocale('zh-TW,en')).toBe('zh-CN')
    expect(pickLocale('fr')).toBe('zh-CN')
    expect(pickLocale(undefined)).toBe('zh-CN')
  })

  it('reads the errors of the API, and a broken line', () => {
    const data = { error: { code: 'too_many', message: 'At most 3', params: { limit: 3 }, requestId: 'req_1' } }
    expect(readApiError({ status: 422, data })).toMatchObject({ status: 422, code: 'too_many', params: { limit: 3 }, requestId: 'req_1' })
    expect(readApiError(new TypeError('fetch failed'))).toMatchObject({ status: undefined, code: 'network' })
    expect(readApiError({ status: 502, data: '<html>' })).toMatchObject({ status: 502, code: 'unknown' })
  })
})

describe('the money field', () => {
  async function type(text: string, props: Record<string, unknown> = {}, before = '1') {
    const taken: string[] = []
    const field = await mountSuspended(UiMoneyInput, { props: { 'modelValue': before, 'onUpdate:modelValue': (value: string) => taken.push(value), ...props } })
    await field.get('input').setValue(text)
    return taken.at(-1)
  }

  it('takes plain decimals, also from a full-width keyboard', async () => {
    expect(await type('12.5')).toBe('12.5')
    expect(await type('１２。５')).toBe('12.5')
    expect(await type('1,000')).toBe('1000')
  })

  it('takes no letters, no second point, no tenth digit, no sign unless asked for', async () => {
    for (const bad of ['abc', '1.2.3', '0.1234567891', '-1', '1e5', '1234567890']) expect(await type(bad)).toBeUndefined()
    expect(await type('-1', { negative: true })).toBe('-1')
  })
})
