import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { requireChannel } from '#server/utils/require-channel'
import { api } from '#shared/schemas/api'

export default defineApi(api.listUpstreamModels, async ({ params }) => {
  const { catalog, probe } = useRuntime()
  const names = await probe.listUpstreamModels(await requireChannel(params.id))
  const routed = new Set(await catalog.upstreamModelsOf(params.id))
  return { items: names.map(id => ({ id, onSale: routed.has(id) })), next: null }
})
