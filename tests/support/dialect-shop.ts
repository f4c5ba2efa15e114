/** A shop with one channel of each dialect, where every scenario is on sale on all of them. */
import { dialectIds } from '#shared/schemas/channel'
import type { DialectId } from '#shared/schemas/channel'
import type { Counts } from '../../sandbox/index.ts'
import { openShop } from './shop'
import type { Shop } from './shop'

export const channelOf = (dialect: DialectId): string => `ch-${dialect}`

/** Scenarios are sold as `<channel's dialect>.<scenario>`. */
export async function openDialectShop(scenarios: string[]): Promise<Shop> {
  const shop = await openShop({ prices: { input: '1', output: '2', cachedInput: '0.5', reasoning: '3' }, available: 9_000_000_000_000 })
  const { upstream } = shop.sandbox
  const channels: Record<DialectId, { baseUrl: string, apiKey: string }> = { 'openai-chat': upstream, 'openai-responses': upstream.responses, 'anthropic': upstream.anthropic, 'gemini': upstream.gemini }
  for (const dialect of dialectIds) {
    const { baseUrl, apiKey } = channels[dialect]
    await shop.addChannel(channelOf(dialect), { dialect, baseUrl, credentials: [apiKey] })
    for (const scenario of scenarios) await shop.sell(scenario, { name: `${dialect}.${scenario}`, routes: [{ channel: channelOf(dialect), upstream: scenario }] })
  }
  return shop
}

/** What the upstream's own numbers cost at the prices of this shop, in nano-credits. */
export function costOf({ input, cached, output, reasoning }: Counts): number {
  return (input - cached) * 1_000 + cached * 500 + (output - reasoning) * 2_000 + reasoning * 3_000
}
