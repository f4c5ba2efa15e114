import type { Catalog, ModelOnSale } from '#server/catalog/catalog'
import { AppError } from '#server/errors/app-error'
import type { Callers } from './caller'
import type { Call, Reply } from './reply'

/**
 * `GET /v1/models` and `/v1/models/{id}`: https://platform.openai.com/docs/api-reference/models
 * Without a key what is on sale, with one what that key may call; a wrong key is an error.
 */
export function createModelList({ catalog, callers }: { catalog: Catalog, callers: Callers }) {
  async function visible(call: Call): Promise<ModelOnSale[]> {
    const caller = await callers.find(call)
    const allowed = caller?.key.models ?? []
    return (await catalog.listOnSale()).filter(model => allowed.length === 0 || allowed.includes(model.name))
  }

  return {
    async list(call: Call): Promise<Reply> {
      return json({ object: 'list', data: (await visible(call)).map(writeModel) })
    },

    async one(call: Call, name: string): Promise<Reply> {
      const model = (await visible(call)).find(candidate => candidate.name === name)
      if (!model) throw new AppError('model_not_found', { model: name.slice(0, 200) })
      return json(writeModel(model))
    },
  }
}

function writeModel(model: ModelOnSale) {
  return { id: model.name, object: 'model', created: Math.floor(model.createdAt / 1000), owned_by: 'vapor' }
}

export function json(value: unknown): Reply {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: Buffer.from(JSON.stringify(value)) }
}
