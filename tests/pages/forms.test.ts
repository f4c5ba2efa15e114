import { mountSuspended } from '@nuxt/test-utils/runtime'
import { describe, expect, it } from 'vitest'
import { billLines, billTotal } from '~/composables/use-bill'
import { channelPutOf, emptyChannelForm } from '~/composables/use-channel-form'
import { emptyKeyForm, keyBodyOf } from '~/composables/use-key-form'
import { convertPriceForm, emptyPriceForm, priceFormOf, pricesOf } from '~/composables/use-price-form'
import type { PicturePriceForm, PriceForm } from '~/composables/use-price-form'
import { pickLocale } from '#shared/utils/locales'
import { readApiError } from '~/composables/use-api-error'
import { safeNext } from '~/composables/use-sign-in'
import LongContextFields from '~/components/admin/models/LongContextFields.vue'
import PicturePriceFields from '~/components/admin/models/PicturePriceFields.vue'
import UiMoneyInput from '~/components/ui/MoneyInput.vue'
import UiPriceList from '~/components/ui/PriceList.vue'
import UiRequestBill from '~/components/ui/RequestBill.vue'
import { costOf } from '#server/billing/price'
import { readPrices } from '#server/catalog/model-prices'
import { keyCreate } from '#shared/schemas/key'
import { prices as pricesSchema } from '#shared/schemas/price'
import type { Picture, Prices, Usage } from '#shared/schemas/price'
import { formatNano } from '#shared/utils/money'

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
    expect(billLines({ cacheWrite1h: 1, audioOutput: 1, request: 1 }, prices).map(line => line.price)).toEqual(['1', '3', '0'])
  })

  it('rounds up once, at the end', () => {
    expect(billTotal(billLines({ reasoning: 1 }, prices), 0)).toBe('0.000000001')
    expect(billTotal(billLines({ input: 1840, output: 526 }, prices), 0)).toBe('0.003418')
    expect(billTotal(billLines({ input: 1840, output: 526 }, prices), 1000)).toBe('0.0030762')
  })
})

describe('prices that depend on the request', () => {
  const prices: Prices = {
    input: '1',
    output: '3',
    image: '40000',
    longContext: { above: 200_000, prices: { input: '2', output: '4.5' } },
    images: [{ size: '1024x1024', quality: 'high', price: '170000' }, { size: 'any', quality: 'low', price: '10000' }],
  }

  it('go through the form and back, in either unit', () => {
    const form = priceFormOf(prices)
    expect(form.longContext).toMatchObject({ above: 200_000, texts: { input: '2', output: '4.5', cachedInput: '' } })
    expect(form.images).toEqual([{ size: '1024x1024', quality: 'high', text: '0.17' }, { size: '', quality: 'low', text: '0.01' }])
    expect(pricesOf(form)).toEqual(prices)
    const thousand = convertPriceForm(form, 'thousand')
    expect(thousand.longContext.texts).toMatchObject({ input: '0.002', output: '0.0045' })
    expect(pricesOf(thousand)).toEqual(prices)
  })

  it('are refused half typed', () => {
    const valid = (change: (form: PriceForm) => void) => {
      const form = priceFormOf(prices)
      change(form)
      return pricesSchema.safeParse(pricesOf(form)).success
    }
    expect(valid(() => {})).toBe(true)
    expect(valid((form) => { form.longContext.above = null })).toBe(false)
    expect(valid((form) => { Object.assign(form.longContext.texts, { input: '', output: '' }) })).toBe(false)
    expect(valid((form) => { form.longContext = emptyPriceForm().longContext })).toBe(true)
    expect(valid((form) => { form.images.push({ size: '', quality: '', text: '' }) })).toBe(false)
    expect(valid((form) => { form.texts.image = '' })).toBe(false)
  })

  const bill = (usage: Usage, picture: Picture | null) => {
    const cost = costOf({ prices: readPrices(prices), discount: 1_000, ...(picture ? { picture } : {}) }, usage)
    return { usage, prices, picture, discount: 1_000, cost: formatNano(cost) }
  }

  it.each<[Usage, Picture | null, string | undefined]>([
    [{ input: 200_000, output: 7 }, null, undefined],
    [{ input: 150_000, cachedInput: 50_001, output: 7 }, null, '200,000'],
    [{ image: 3 }, { size: '1024x1024', quality: 'high' }, undefined],
    [{ image: 3 }, { size: null, quality: 'low' }, undefined],
  ])('stand on the bill as they were charged: %j %j', async (usage, picture, above) => {
    const wrapper = await mountSuspended(UiRequestBill, { props: { request: bill(usage, picture) } })
    const { cost } = bill(usage, picture)
    expect(wrapper.get('[data-testid="bill-total"]').text()).toBe(cost)
    expect(billTotal(billLines(usage, prices, picture ?? undefined), 1_000)).toBe(cost)
    const tier = wrapper.find('[data-testid="bill-tier"]')
    expect(tier.exists() ? tier.text() : undefined).toEqual(above ? expect.stringContaining(above) : undefined)
    for (const word of [picture?.size, picture?.quality]) if (word) expect(wrapper.text()).toContain(word)
  })

  it('stand on the list of prices', async () => {
    const text = (await mountSuspended(UiPriceList, { props: { prices, unit: 'million' } })).text()
    for (const part of ['200,000', '4.5', '1024x1024 · high', '0.17', 'low', '0.01', '0.04']) expect(text).toContain(part)
    expect((await mountSuspended(UiPriceList, { props: { prices, unit: 'thousand' } })).text()).toContain('0.0045')
    expect((await mountSuspended(UiPriceList, { props: { prices: { input: '1', output: '2' }, unit: 'million' } })).text()).toBe('')
  })

  it('are typed into fields of their own', async () => {
    let form = priceFormOf(prices)
    const fields = await mountSuspended(LongContextFields, { props: { 'modelValue': form, 'onUpdate:modelValue': (next: PriceForm) => { form = next } } })
    const [, input] = fields.findAll('input')
    await input!.setValue('2.25')
    expect(pricesOf(form)?.longContext).toEqual({ above: 200_000, prices: { input: '2.25', output: '4.5' } })
    await fields.get('button:last-of-type').trigger('click')
    let images = form.images
    const pictures = await mountSuspended(PicturePriceFields, { props: { 'modelValue': images, 'onUpdate:modelValue': (next: PicturePriceForm[]) => { images = next } } })
    await pictures.findAll('input')[4]!.setValue('medium')
    expect(images[1]).toEqual({ size: '', quality: 'medium', text: '0.01' })
    await pictures.findAll('button').at(-1)!.trigger('click')
    expect(images).toHaveLength(3)
  })
})

describe('forms become bodies', () => {
  it('a key without limits', () => {
    expect(keyBodyOf({ ...emptyKeyForm(), name: 'laptop' })).toEqual({ name: 'laptop', expiresAt: null, spendLimit: null, limits: { day: null, week: null, month: null, rpm: null, tpm: null, concurrency: null }, models: [], ips: [] })
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
