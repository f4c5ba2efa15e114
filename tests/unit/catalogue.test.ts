import { describe, expect, it } from 'vitest'
import { cataloguePrices, catalogueSources } from '#shared/catalogue/prices'
import { prices as pricesSchema } from '#shared/schemas/price'
import { findCataloguePrice, plainModelName, priceFactor, pricesFromCatalogue } from '#shared/utils/catalogue'

describe('the bundled prices', () => {
  it('are whole: each a valid table, dated, of a page that is named, and once', () => {
    const names = cataloguePrices.map(entry => `${entry.vendor} ${plainModelName(entry.model)}`)
    expect(new Set(names).size).toBe(names.length)
    for (const entry of cataloguePrices) {
      expect([entry.model, pricesSchema.safeParse(pricesFromCatalogue(entry, '1')).error?.issues]).toEqual([entry.model, undefined])
      expect(entry.seen).toMatch(/^20\d{2}-\d{2}-\d{2}$/)
      expect(entry.model).toBe(entry.model.toLowerCase())
      expect(new URL(catalogueSources[entry.vendor].url).protocol).toBe('https:')
    }
  })

  it.each([
    ['claude-opus-4-5-20251101', 'claude-opus-4-5'],
    ['anthropic/claude-opus-4.5', 'claude-opus-4-5'],
    ['gpt-4o-2024-08-06', 'gpt-4o'],
    ['Claude-Haiku-4-5@20251001', 'claude-haiku-4-5'],
    ['zai-org/GLM-5.2', 'glm-5.2'],
  ])('knows %s by the name %s', (name, model) => {
    expect(findCataloguePrice(cataloguePrices, name)?.model).toBe(model)
  })

  it.each(['gpt-4o-mini-audio', 'gpt-4', 'claude', 'my-gpt-5', 'gpt-5-codex-fast'])('leaves %s alone', (name) => {
    expect(findCataloguePrice(cataloguePrices, name)).toBeUndefined()
  })
})

describe('a shop\'s price', () => {
  const entry = cataloguePrices.find(({ model }) => model === 'gpt-5.4')!

  it('is the vendor\'s times the rate and the mark-up, exactly', () => {
    expect(priceFactor('7.2', '10')).toBe('7.92')
    expect(priceFactor('1', '')).toBe('1')
    expect(priceFactor('1', '-50')).toBe('0.5')
    expect(pricesFromCatalogue(entry, '7.92')).toEqual({
      input: '19.8', output: '118.8', cachedInput: '1.98',
      longContext: { above: 272_000, prices: { input: '39.6', output: '178.2', cachedInput: '3.96' } },
    })
  })

  it('never loses a nano by rounding', () => {
    const tiny = { ...entry, usd: { input: '0.000000001', output: '0.003625' }, longContext: undefined }
    expect(pricesFromCatalogue(tiny, '0.333333333')).toEqual({ input: '0.000000001', output: '0.001208334' })
  })

  it.each([['0', '0'], ['-1', '0'], ['1', '-100'], ['1', '-101'], ['lots', '0'], ['1', 'some'], ['', '']])('needs a factor above zero: %s and %s %%', (rate, markup) => {
    expect(priceFactor(rate, markup)).toBeUndefined()
  })
})
