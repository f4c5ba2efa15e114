import type { ChannelReply } from '#shared/schemas/channel'
import type { Route } from '#shared/schemas/model'
import type { Prices } from '#shared/schemas/price'

/** The names of the channels at which these prices lose money on some class of usage. A channel that is gone serves nobody. */
export function channelsBelowCost(prices: Prices | null, routes: Route[], channels: ChannelReply[]): string[] {
  if (!prices) return []
  return routes.flatMap(({ channel: id, cost }) => {
    const channel = channels.find(candidate => candidate.id === id)
    return channel && cost && marginsOfRoute(prices, cost, channel.costRate).some(line => line.loss) ? [channel.name] : []
  })
}
