import { describe, expect, it } from 'vitest'
import type { LiveRoute, ModelOnSale } from '#server/catalog/catalog'
import { dialectsOf, modalitiesOf } from '#server/catalog/offer'
import type { DialectId } from '#shared/schemas/channel'

const model = (name: string, prices: object = {}, modalities?: ModelOnSale['modalities']) =>
  modalitiesOf({ v: 1, id: 'mdl_a', name, description: '', enabled: true, prices: { input: 1, output: 2, ...prices }, routes: [], modalities, createdAt: 0, updatedAt: 0 })
const through = (...dialects: DialectId[]) => dialects.map(dialect => ({ channel: { dialect } }) as LiveRoute)

describe('what a model offers', () => {
  it('is what the admin typed, else what prices and name tell', () => {
    expect(model('gpt-5')).toEqual(['text'])
    expect(model('gpt-5', { imageInput: 1, audioOutput: 1 })).toEqual(['text', 'image_in', 'audio_out'])
    expect(model('gpt-5', { imageInput: 1 }, ['text'])).toEqual(['text'])
    expect(model('text-embedding-3-small')).toEqual(['embeddings'])
    expect(model('jina-reranker-v3', { search: 1 })).toEqual(['rerank'])
    expect(model('gpt-image-1', { image: 1, imageInput: 1 })).toEqual(['image_in', 'image_out'])
    expect(model('whisper-1', { audioSeconds: 1 })).toEqual(['audio_in'])
    expect(model('tts-1', { characters: 1 })).toEqual(['audio_out'])
  })

  it('is a conversation in every dialect, and anything else where an upstream has the endpoint', () => {
    expect(dialectsOf(['text', 'image_in'], through('gemini'))).toEqual(['openai-chat', 'openai-responses', 'anthropic', 'gemini'])
    expect(dialectsOf(['embeddings'], through('gemini'))).toEqual(['openai-chat', 'gemini'])
    expect(dialectsOf(['embeddings'], through('anthropic'))).toEqual([])
    expect(dialectsOf(['image_out'], through('openai-chat', 'gemini'))).toEqual(['openai-chat'])
    expect(dialectsOf(['image_out'], through('gemini'))).toEqual([])
  })
})
