import type { Catalog, ModelOnSale } from '#server/catalog/catalog'
import { AppError } from '#server/errors/app-error'
import type { Callers } from './caller'
import type { Call, Reply } from './reply'

type ListShape = 'openai' | 'anthropic' | 'gemini'

/**
 * `GET /v1/models`, `/v1/models/{id}` and the same under `/v1beta`, in the shape the caller's headers or path ask for.
 * Without a key what is on sale, with one what that key may call; a wrong key is an error.
 * https://platform.openai.com/docs/api-reference/models, https://docs.anthropic.com/en/api/models-list,
 * https://ai.google.dev/api/models
 */
export function createModelList({ catalog, callers }: { catalog: Catalog, callers: Callers }) {
  async function visible(call: Call): Promise<ModelOnSale[]> {
    const caller = await callers.find(call)
    const allowed = caller?.key.models ?? []
    return (await catalog.listOnSale()).filter(model => allowed.length === 0 || allowed.includes(model.name))
  }

  return {
    async list(call: Call): Promise<Reply> {
      return json(writeList[shapeOf(call)](await visible(call)))
    },

    async one(call: Call, name: string): Promise<Reply> {
      const shape = shapeOf(call)
      const wanted = shape === 'gemini' ? name.replace(/^models\//, '') : name
      const model = (await visible(call)).find(candidate => candidate.name === wanted)
      if (!model) throw new AppError('model_not_found', { model: name.slice(0, 200) })
      return json(writeOne[shape](model))
    },
  }
}

function shapeOf({ target }: Call): ListShape {
  if (target.path.startsWith('/v1beta') || target.headers['x-goog-api-key']) return 'gemini'
  return target.headers['anthropic-version'] ? 'anthropic' : 'openai'
}

const writeOne: Record<ListShape, (model: ModelOnSale) => Record<string, unknown>> = {
  openai: model => ({ id: model.name, object: 'model', created: Math.floor(model.createdAt / 1000), owned_by: 'vapor' }),
  anthropic: model => ({ type: 'model', id: model.name, display_name: model.name, created_at: new Date(model.createdAt).toISOString() }),
  gemini: model => ({
    name: `models/${model.name}`,
    version: '001',
    displayName: model.name,
    description: model.description,
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
  }),
}

const writeList: Record<ListShape, (models: ModelOnSale[]) => Record<string, unknown>> = {
  openai: models => ({ object: 'list', data: models.map(writeOne.openai) }),
  anthropic: models => ({ data: models.map(writeOne.anthropic), has_more: false, first_id: models[0]?.name ?? null, last_id: models.at(-1)?.name ?? null }),
  gemini: models => ({ models: models.map(writeOne.gemini) }),
}

export function json(value: unknown): Reply {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body: Buffer.from(JSON.stringify(value)) }
}
