import type { TokenClass } from '../schemas/usage-class'
import type { Modality } from '../utils/modalities'

/**
 * What vendors ask for their models, in US dollars per million tokens, at their standard tier: a start for an admin's own
 * prices, never a price by itself. `seen` is the day for which the vendor's page, named in `catalogueSources`, is on record with
 * this price; vendors change theirs without notice, so the page shows it. Where a vendor has prices by the time of day, in
 * another currency or in more than two lengths of input, it is left out rather than bent into this form.
 *
 * To bring it up to date: open the page of the vendor, write what it says, and set `seen`.
 */
export interface CataloguePrice {
  vendor: CatalogueVendor
  /** Lower case, without a date; `findCataloguePrice` knows the spellings. */
  model: string
  /** YYYY-MM-DD. */
  seen: string
  /** Decimal text. A class that is absent costs what the class it falls back to costs. */
  usd: Partial<Record<TokenClass, string>> & Record<'input' | 'output', string>
  longContext?: { above: number, usd: Partial<Record<TokenClass, string>> }
  context?: number
  maxOutput?: number
  modalities?: Modality[]
}

export const catalogueSources = {
  anthropic: { name: 'Anthropic', url: 'https://platform.claude.com/docs/en/about-claude/pricing' },
  openai: { name: 'OpenAI', url: 'https://developers.openai.com/api/docs/pricing' },
  google: { name: 'Google', url: 'https://ai.google.dev/gemini-api/docs/pricing' },
  xai: { name: 'xAI', url: 'https://docs.x.ai/docs/models' },
  moonshot: { name: 'Moonshot AI', url: 'https://platform.moonshot.ai/docs/pricing/chat' },
  zai: { name: 'Z.ai', url: 'https://docs.z.ai/guides/overview/pricing' },
  minimax: { name: 'MiniMax', url: 'https://platform.minimax.io/docs/guides/pricing-paygo' },
  mistral: { name: 'Mistral AI', url: 'https://mistral.ai/pricing' },
  alibaba: { name: 'Alibaba Cloud', url: 'https://www.alibabacloud.com/help/en/model-studio/models' },
}

export type CatalogueVendor = keyof typeof catalogueSources

export const cataloguePrices: CataloguePrice[] = [
  { vendor: 'anthropic', model: 'claude-fable-5', seen: '2026-07-29', usd: { input: '10', output: '50', cachedInput: '1', cacheWrite5m: '12.5', cacheWrite1h: '20' }, context: 1_000_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'anthropic', model: 'claude-opus-5', seen: '2026-07-29', usd: { input: '5', output: '25', cachedInput: '0.5', cacheWrite5m: '6.25', cacheWrite1h: '10' }, context: 1_000_000 },
  { vendor: 'anthropic', model: 'claude-opus-4-8', seen: '2026-07-29', usd: { input: '5', output: '25', cachedInput: '0.5', cacheWrite5m: '6.25', cacheWrite1h: '10' }, context: 1_000_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'anthropic', model: 'claude-opus-4-7', seen: '2026-07-29', usd: { input: '5', output: '25', cachedInput: '0.5', cacheWrite5m: '6.25', cacheWrite1h: '10' }, context: 1_000_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'anthropic', model: 'claude-opus-4-6', seen: '2026-07-29', usd: { input: '5', output: '25', cachedInput: '0.5', cacheWrite5m: '6.25', cacheWrite1h: '10' }, context: 1_000_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'anthropic', model: 'claude-opus-4-5', seen: '2026-07-29', usd: { input: '5', output: '25', cachedInput: '0.5', cacheWrite5m: '6.25', cacheWrite1h: '10' }, context: 200_000, maxOutput: 64_000, modalities: ['text', 'image_in'] },
  { vendor: 'anthropic', model: 'claude-opus-4-1', seen: '2026-07-29', usd: { input: '15', output: '75', cachedInput: '1.5', cacheWrite5m: '18.75', cacheWrite1h: '30' }, context: 200_000, maxOutput: 32_000, modalities: ['text', 'image_in'] },
  { vendor: 'anthropic', model: 'claude-sonnet-5', seen: '2026-07-29', usd: { input: '2', output: '10', cachedInput: '0.2', cacheWrite5m: '2.5', cacheWrite1h: '4' }, context: 1_000_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'anthropic', model: 'claude-sonnet-4-6', seen: '2026-07-29', usd: { input: '3', output: '15', cachedInput: '0.3', cacheWrite5m: '3.75', cacheWrite1h: '6' }, context: 1_000_000, maxOutput: 64_000, modalities: ['text', 'image_in'] },
  { vendor: 'anthropic', model: 'claude-haiku-4-5', seen: '2026-07-29', usd: { input: '1', output: '5', cachedInput: '0.1', cacheWrite5m: '1.25', cacheWrite1h: '2' }, context: 200_000, maxOutput: 64_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.6-sol', seen: '2026-08-02', usd: { input: '5', output: '30', cachedInput: '0.5', cacheWrite5m: '6.25' }, longContext: { above: 272_000, usd: { input: '10', output: '45', cachedInput: '1', cacheWrite5m: '12.5' } }, context: 1_050_000 },
  { vendor: 'openai', model: 'gpt-5.6-terra', seen: '2026-08-02', usd: { input: '2', output: '12', cachedInput: '0.2', cacheWrite5m: '2.5' }, longContext: { above: 272_000, usd: { input: '4', output: '18', cachedInput: '0.4', cacheWrite5m: '5' } }, context: 1_050_000 },
  { vendor: 'openai', model: 'gpt-5.6-luna', seen: '2026-08-02', usd: { input: '0.2', output: '1.2', cachedInput: '0.02', cacheWrite5m: '0.25' }, longContext: { above: 272_000, usd: { input: '0.4', output: '1.8', cachedInput: '0.04', cacheWrite5m: '0.5' } }, context: 1_050_000 },
  { vendor: 'openai', model: 'gpt-5.5-pro', seen: '2026-04-24', usd: { input: '30', output: '180' }, context: 1_050_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.5', seen: '2026-04-24', usd: { input: '5', output: '30', cachedInput: '0.5' }, context: 1_050_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.4-pro', seen: '2026-03-06', usd: { input: '30', output: '180' }, longContext: { above: 272_000, usd: { input: '60', output: '270' } }, context: 1_050_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.4', seen: '2026-03-06', usd: { input: '2.5', output: '15', cachedInput: '0.25' }, longContext: { above: 272_000, usd: { input: '5', output: '22.5', cachedInput: '0.5' } }, context: 1_050_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.4-mini', seen: '2026-03-18', usd: { input: '0.75', output: '4.5', cachedInput: '0.075' }, context: 400_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.4-nano', seen: '2026-03-18', usd: { input: '0.2', output: '1.25', cachedInput: '0.02' }, context: 400_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.3-codex', seen: '2026-02-05', usd: { input: '1.75', output: '14', cachedInput: '0.175' }, context: 400_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.2-pro', seen: '2025-12-11', usd: { input: '21', output: '168' }, context: 400_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.2', seen: '2025-12-11', usd: { input: '1.75', output: '14', cachedInput: '0.175' }, context: 400_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.1', seen: '2025-11-13', usd: { input: '1.25', output: '10', cachedInput: '0.125' }, context: 400_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5.1-codex-mini', seen: '2025-11-13', usd: { input: '0.25', output: '2', cachedInput: '0.025' }, context: 400_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5-pro', seen: '2025-11-13', usd: { input: '15', output: '120' }, context: 400_000, maxOutput: 272_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5', seen: '2025-11-13', usd: { input: '1.25', output: '10', cachedInput: '0.125' }, context: 400_000 },
  { vendor: 'openai', model: 'gpt-5-mini', seen: '2025-11-13', usd: { input: '0.25', output: '2', cachedInput: '0.025' }, context: 400_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-5-nano', seen: '2025-11-13', usd: { input: '0.05', output: '0.4', cachedInput: '0.005' }, context: 400_000, maxOutput: 128_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-4.1', seen: '2025-07-04', usd: { input: '2', output: '8', cachedInput: '0.5' }, context: 1_047_576, maxOutput: 32_768, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-4.1-mini', seen: '2025-07-04', usd: { input: '0.4', output: '1.6', cachedInput: '0.1' }, context: 1_047_576, maxOutput: 32_768, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-4.1-nano', seen: '2025-07-04', usd: { input: '0.1', output: '0.4', cachedInput: '0.025' }, context: 1_047_576, maxOutput: 32_768, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-4o', seen: '2025-07-04', usd: { input: '2.5', output: '10', cachedInput: '1.25' }, context: 128_000, maxOutput: 16_384, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'gpt-4o-mini', seen: '2025-07-04', usd: { input: '0.15', output: '0.6', cachedInput: '0.075' }, context: 128_000, maxOutput: 16_384, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'o3', seen: '2025-07-12', usd: { input: '2', output: '8', cachedInput: '0.5' }, context: 200_000, maxOutput: 100_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'o3-mini', seen: '2025-07-04', usd: { input: '1.1', output: '4.4', cachedInput: '0.55' }, context: 200_000, maxOutput: 100_000, modalities: ['text'] },
  { vendor: 'openai', model: 'o4-mini', seen: '2025-07-04', usd: { input: '1.1', output: '4.4', cachedInput: '0.275' }, context: 200_000, maxOutput: 100_000, modalities: ['text', 'image_in'] },
  { vendor: 'openai', model: 'text-embedding-3-large', seen: '2025-07-04', usd: { input: '0.13', output: '0' }, context: 8_191, modalities: ['embeddings'] },
  { vendor: 'openai', model: 'text-embedding-3-small', seen: '2025-07-04', usd: { input: '0.02', output: '0' }, context: 8_191, modalities: ['embeddings'] },
  { vendor: 'google', model: 'gemini-3.8-flash', seen: '2026-10-07', usd: { input: '0.75', output: '3.75' } },
  { vendor: 'google', model: 'gemini-3.7-flash', seen: '2026-08-13', usd: { input: '0.75', output: '3.75', cachedInput: '0.075' }, context: 1_000_000 },
  { vendor: 'google', model: 'gemini-3.6-flash', seen: '2026-08-13', usd: { input: '0.75', output: '3.75', cachedInput: '0.075' }, context: 1_000_000 },
  { vendor: 'google', model: 'gemini-3.5-flash', seen: '2026-05-19', usd: { input: '1.5', output: '9', cachedInput: '0.15' }, context: 1_048_576, maxOutput: 65_536, modalities: ['text', 'image_in', 'audio_in', 'video_in'] },
  { vendor: 'google', model: 'gemini-3.5-flash-lite', seen: '2026-07-22', usd: { input: '0.3', output: '2.5', cachedInput: '0.03' }, context: 1_000_000 },
  { vendor: 'google', model: 'gemini-3.1-pro-preview', seen: '2026-02-23', usd: { input: '2', output: '12', cachedInput: '0.2' }, longContext: { above: 200_000, usd: { input: '4', output: '18', cachedInput: '0.4' } }, context: 1_048_576, maxOutput: 65_536, modalities: ['text', 'image_in', 'audio_in', 'video_in'] },
  { vendor: 'google', model: 'gemini-3.1-flash-lite', seen: '2026-05-12', usd: { input: '0.25', output: '1.5', cachedInput: '0.025', audioInput: '0.5' }, context: 1_048_576, maxOutput: 65_536, modalities: ['text', 'image_in', 'audio_in', 'video_in'] },
  { vendor: 'google', model: 'gemini-3-flash-preview', seen: '2025-12-19', usd: { input: '0.5', output: '3', cachedInput: '0.05', audioInput: '1' }, context: 1_048_576, maxOutput: 65_536, modalities: ['text', 'image_in', 'audio_in', 'video_in'] },
  { vendor: 'google', model: 'gemini-2.5-pro', seen: '2025-10-31', usd: { input: '1.25', output: '10', cachedInput: '0.125' }, longContext: { above: 200_000, usd: { input: '2.5', output: '15', cachedInput: '0.25' } } },
  { vendor: 'google', model: 'gemini-2.5-flash', seen: '2025-10-31', usd: { input: '0.3', output: '2.5', cachedInput: '0.03', audioInput: '1' } },
  { vendor: 'google', model: 'gemini-2.5-flash-lite', seen: '2025-10-31', usd: { input: '0.1', output: '0.4', cachedInput: '0.01', audioInput: '0.3' }, context: 1_048_576, maxOutput: 65_536, modalities: ['text', 'image_in', 'audio_in', 'video_in'] },
  { vendor: 'google', model: 'gemini-embedding-2', seen: '2026-07-22', usd: { input: '0.2', output: '0' }, context: 8_192, modalities: ['embeddings'] },
  { vendor: 'xai', model: 'grok-4.7', seen: '2026-09-29', usd: { input: '2', output: '6', cachedInput: '0.5' }, longContext: { above: 200_000, usd: { input: '4', output: '12', cachedInput: '1' } }, context: 500_000, modalities: ['text', 'image_in'] },
  { vendor: 'xai', model: 'grok-4.6', seen: '2026-09-29', usd: { input: '2', output: '6', cachedInput: '0.5' }, longContext: { above: 200_000, usd: { input: '4', output: '12', cachedInput: '1' } }, context: 500_000, modalities: ['text', 'image_in'] },
  { vendor: 'xai', model: 'grok-4.5', seen: '2026-07-08', usd: { input: '2', output: '6', cachedInput: '0.5' }, longContext: { above: 200_000, usd: { input: '4', output: '12', cachedInput: '1' } }, context: 500_000, modalities: ['text', 'image_in'] },
  { vendor: 'xai', model: 'grok-4.3', seen: '2026-05-12', usd: { input: '1.25', output: '2.5', cachedInput: '0.2' }, context: 1_000_000, maxOutput: 30_000, modalities: ['text', 'image_in'] },
  { vendor: 'xai', model: 'grok-4.20', seen: '2026-06-09', usd: { input: '1.25', output: '2.5', cachedInput: '0.2' } },
  { vendor: 'xai', model: 'grok-4-1-fast-reasoning', seen: '2026-01-19', usd: { input: '0.2', output: '0.5', cachedInput: '0.05' }, context: 2_000_000 },
  { vendor: 'xai', model: 'grok-4-1-fast-non-reasoning', seen: '2026-01-19', usd: { input: '0.2', output: '0.5', cachedInput: '0.05' }, context: 2_000_000 },
  { vendor: 'xai', model: 'grok-code-fast-1', seen: '2026-01-19', usd: { input: '0.2', output: '1.5', cachedInput: '0.02' }, context: 256_000 },
  { vendor: 'moonshot', model: 'kimi-k3', seen: '2026-07-16', usd: { input: '3', output: '15', cachedInput: '0.3' }, context: 1_048_576 },
  { vendor: 'moonshot', model: 'kimi-k2.7-code', seen: '2026-06-15', usd: { input: '0.95', output: '4', cachedInput: '0.19' }, context: 262_144 },
  { vendor: 'moonshot', model: 'kimi-k2.6', seen: '2026-05-22', usd: { input: '0.95', output: '4', cachedInput: '0.16' }, context: 262_144, maxOutput: 262_144, modalities: ['text', 'image_in', 'video_in'] },
  { vendor: 'moonshot', model: 'kimi-k2.5', seen: '2026-03-11', usd: { input: '0.6', output: '3', cachedInput: '0.1' }, context: 262_144, maxOutput: 262_144, modalities: ['text', 'image_in', 'video_in'] },
  { vendor: 'zai', model: 'glm-5.3', seen: '2026-08-19', usd: { input: '1.4', output: '4.4', cachedInput: '0.26' }, context: 1_000_000 },
  { vendor: 'zai', model: 'glm-5.2', seen: '2026-08-04', usd: { input: '1.4', output: '4.4', cachedInput: '0.26' }, context: 1_000_000 },
  { vendor: 'zai', model: 'glm-5.1', seen: '2026-07-02', usd: { input: '1.4', output: '4.4', cachedInput: '0.26' }, modalities: ['text'] },
  { vendor: 'zai', model: 'glm-5-turbo', seen: '2026-07-02', usd: { input: '1.2', output: '4', cachedInput: '0.24' }, context: 200_000, maxOutput: 131_072, modalities: ['text'] },
  { vendor: 'zai', model: 'glm-5', seen: '2026-07-02', usd: { input: '1', output: '3.2', cachedInput: '0.2' }, modalities: ['text'] },
  { vendor: 'zai', model: 'glm-4.7', seen: '2026-07-02', usd: { input: '0.6', output: '2.2', cachedInput: '0.11' }, context: 204_800, maxOutput: 131_072, modalities: ['text'] },
  { vendor: 'zai', model: 'glm-4.6', seen: '2026-07-02', usd: { input: '0.6', output: '2.2', cachedInput: '0.11' }, context: 204_800, maxOutput: 131_072, modalities: ['text'] },
  { vendor: 'zai', model: 'glm-4.5-air', seen: '2026-07-02', usd: { input: '0.2', output: '1.1', cachedInput: '0.03' }, context: 131_072, maxOutput: 98_304, modalities: ['text'] },
  { vendor: 'minimax', model: 'minimax-m3', seen: '2026-07-01', usd: { input: '0.3', output: '1.2', cachedInput: '0.06' }, longContext: { above: 512_000, usd: { input: '0.6', output: '2.4', cachedInput: '0.12' } }, context: 1_000_000 },
  { vendor: 'minimax', model: 'minimax-m2.7', seen: '2026-05-23', usd: { input: '0.3', output: '1.2', cachedInput: '0.06', cacheWrite5m: '0.375' }, context: 204_800, maxOutput: 131_072, modalities: ['text'] },
  { vendor: 'minimax', model: 'minimax-m2.7-highspeed', seen: '2026-05-23', usd: { input: '0.6', output: '2.4', cachedInput: '0.06', cacheWrite5m: '0.375' }, context: 204_800, maxOutput: 131_072, modalities: ['text'] },
  { vendor: 'minimax', model: 'minimax-m2', seen: '2026-05-23', usd: { input: '0.3', output: '1.2', cachedInput: '0.03', cacheWrite5m: '0.375' }, context: 196_608, maxOutput: 128_000, modalities: ['text'] },
  { vendor: 'mistral', model: 'mistral-large-2512', seen: '2026-06-09', usd: { input: '0.5', output: '1.5', cachedInput: '0.05' }, context: 262_144, maxOutput: 262_144, modalities: ['text', 'image_in'] },
  { vendor: 'mistral', model: 'mistral-small-2603', seen: '2026-06-09', usd: { input: '0.15', output: '0.6', cachedInput: '0.015' }, context: 256_000, maxOutput: 256_000, modalities: ['text', 'image_in'] },
  { vendor: 'mistral', model: 'devstral-2512', seen: '2026-06-09', usd: { input: '0.4', output: '2', cachedInput: '0.04' }, context: 262_144, maxOutput: 262_144, modalities: ['text'] },
  { vendor: 'mistral', model: 'codestral-2508', seen: '2026-06-09', usd: { input: '0.3', output: '0.9', cachedInput: '0.03' } },
  { vendor: 'mistral', model: 'ministral-14b-2512', seen: '2026-06-09', usd: { input: '0.2', output: '0.2', cachedInput: '0.02' } },
  { vendor: 'mistral', model: 'ministral-3b-2512', seen: '2026-06-09', usd: { input: '0.1', output: '0.1', cachedInput: '0.01' } },
  { vendor: 'alibaba', model: 'qwen3.7-max', seen: '2026-07-02', usd: { input: '2.5', output: '7.5', cachedInput: '0.5', cacheWrite5m: '3.125' }, context: 1_000_000, maxOutput: 65_536, modalities: ['text'] },
  { vendor: 'alibaba', model: 'qwen3.7-plus', seen: '2026-07-02', usd: { input: '0.5', output: '3', cachedInput: '0.05', cacheWrite5m: '0.625' }, longContext: { above: 256_000, usd: { input: '2', output: '6', cachedInput: '0.2', cacheWrite5m: '2.5' } }, context: 1_000_000, maxOutput: 65_536, modalities: ['text', 'image_in', 'video_in'] },
  { vendor: 'alibaba', model: 'qwen3.6-plus', seen: '2026-07-02', usd: { input: '0.5', output: '3', cachedInput: '0.05', cacheWrite5m: '0.625' }, longContext: { above: 256_000, usd: { input: '2', output: '6', cachedInput: '0.2', cacheWrite5m: '2.5' } }, context: 1_000_000, maxOutput: 65_536, modalities: ['text', 'image_in', 'video_in'] },
]
