import type { ModelCreate, ModelPut, ModelReply, Route } from '#shared/schemas/model'
import type { Modality } from '#shared/utils/modalities'
import type { PriceForm } from '~/composables/use-price-form'

/** A route as it is typed: its cost prices are text in the unit the admin thinks in. */
export interface RouteForm extends Omit<Route, 'cost'> {
  cost: PriceForm
}

export interface ModelFormState {
  name: string
  description: string
  enabled: boolean
  prices: PriceForm
  routes: RouteForm[]
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
    routes: orderRoutes(model.routes).map(route => ({ ...route, cost: priceFormOf(route.cost ?? null) })),
    context: model.context,
    maxOutput: model.maxOutput,
    modalities: [...model.modalities],
  }
}

export function modelCreateOf(form: ModelFormState): ModelCreate {
  return { ...form, prices: pricesOf(form.prices), routes: form.routes.map(routeOf) }
}

export function modelPutOf(form: ModelFormState, version: string): ModelPut {
  return { ...form, prices: pricesOf(form.prices), routes: form.routes.map(routeOf), version }
}

export function routeFormTo(channel: string): RouteForm {
  return { channel, upstream: '', priority: 0, weight: 1, cost: emptyPriceForm() }
}

/** Nothing typed is no cost prices; half of them is refused by the schema, which the field says. */
function routeOf({ cost, ...route }: RouteForm): Route {
  const prices = pricesOf(cost)
  return { ...route, ...(prices ? { cost: prices } : {}) }
}
