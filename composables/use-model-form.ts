import type { ModelCreate, ModelPut, ModelReply, Route } from '#shared/schemas/model'
import type { PriceForm } from '~/composables/use-price-form'

export interface ModelFormState {
  name: string
  description: string
  enabled: boolean
  prices: PriceForm
  routes: Route[]
}

export function emptyModelForm(): ModelFormState {
  return { name: '', description: '', enabled: true, prices: emptyPriceForm(), routes: [] }
}

export function modelFormOf(model: ModelReply): ModelFormState {
  return {
    name: model.name,
    description: model.description,
    enabled: model.enabled,
    prices: priceFormOf(model.prices),
    routes: model.routes.map(route => ({ ...route })),
  }
}

export function modelCreateOf(form: ModelFormState): ModelCreate {
  return { ...form, prices: pricesOf(form.prices) }
}

export function modelPutOf(form: ModelFormState, version: string): ModelPut {
  return { ...form, prices: pricesOf(form.prices), version }
}
