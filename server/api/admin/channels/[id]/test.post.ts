import { AppError } from '#server/errors/app-error'
import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { requireChannel } from '#server/utils/require-channel'
import { api } from '#shared/schemas/api'

export default defineApi(api.testChannel, async ({ params, body }) => {
  const { catalog, probe } = useRuntime()
  const target = await requireChannel(params.id, body.credential)
  const model = body.model ?? (await catalog.upstreamModelsOf(params.id))[0]
  if (model === undefined) throw new AppError('invalid_request', { problem: 'model: name one, because no model has a route to this channel yet' })
  return { model, ...await probe.testUpstream({ ...target, upstreamModel: model }) }
})
