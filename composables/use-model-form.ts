import type { ModelCreate, ModelPut, ModelReply, Route } from '#shared/schemas/model'
import type { Modality } from '#shared/utils/modalities'
import type { PriceForm } from '~/composables/use-price-form'

export interface ModelFormState {
  name: string
  description: string
  enabled: boolean
  prices: PriceForm
  routes: Route[]
  context: number | null
  maxOutput: number | null
  modalities: Modality[]
}

export function emptyModelForm(): ModelFormState {
  return { name: '', description: '', enabled: true, prices: emptyPriceForm(), routes: [], context: null, maxOutput: null, modalities: [] }
}

export function modelFormOf(model: ModelReply): ModelFormState {
  return {
    name: model.name,
    description: model.description,
    enabled: model.enabled,
    prices: priceFormOf(model.prices),
    routes: orderRoutes(model.routes).map(route => ({ ...route })),
    context: model.context,
    maxOutput: model.maxOutput,
    modalities: [...model.modalities],
  }
}

export function modelCreateOf(form: ModelFormState): ModelCreate {
  return { ...form, prices: pricesOf(form.prices) }
}

export function modelPutOf(form: ModelFormState, version: string): ModelPut {
  return { ...form, prices: pricesOf(form.prices), version }
}
