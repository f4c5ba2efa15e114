import type { DialectId } from './channel'
import type { Quirks } from './quirks'

export const vendorIds = [
  'generic', 'openai', 'azure', 'anthropic', 'gemini', 'deepseek', 'xai', 'groq', 'openrouter', 'mistral', 'moonshot', 'zhipu',
  'qwen', 'siliconflow', 'vercel', 'ollama', 'vllm',
] as const
export type VendorId = typeof vendorIds[number]

export interface Vendor {
  name: string
  /** Where each dialect it speaks is spoken, up to and including the version part; the first one is proposed. */
  baseUrls: Partial<Record<DialectId, string>>
  quirks: Quirks
}

/** Everything Vapor knows of upstreams beyond their dialect; what an operator should know of each stands in docs/channels.md. */
export const vendors: Record<VendorId, Vendor> = {
  generic: { name: '', baseUrls: {}, quirks: {} },
  openai: {
    name: 'OpenAI',
    baseUrls: { 'openai-chat': 'https://api.openai.com/v1', 'openai-responses': 'https://api.openai.com/v1' },
    quirks: { maxTokens: 'max_completion_tokens' },
  },
  // The v1 paths are the standard ones, the deployment is the model; `/openai/deployments/…?api-version=` is not spoken.
  azure: {
    name: 'Azure OpenAI',
    baseUrls: { 'openai-chat': 'https://your-resource.openai.azure.com/openai/v1', 'openai-responses': 'https://your-resource.openai.azure.com/openai/v1' },
    quirks: { maxTokens: 'max_completion_tokens', auth: 'api-key', cachedOutside: true },
  },
  anthropic: { name: 'Anthropic', baseUrls: { anthropic: 'https://api.anthropic.com/v1' }, quirks: {} },
  gemini: {
    name: 'Gemini',
    baseUrls: { 'gemini': 'https://generativelanguage.googleapis.com/v1beta', 'openai-chat': 'https://generativelanguage.googleapis.com/v1beta/openai' },
    quirks: { reasoningOutside: 'in-total' },
  },
  deepseek: {
    name: 'DeepSeek',
    baseUrls: { 'openai-chat': 'https://api.deepseek.com/v1', 'anthropic': 'https://api.deepseek.com/anthropic/v1' },
    quirks: { maxTokens: 'max_tokens', developerRole: false },
  },
  xai: { name: 'xAI', baseUrls: { 'openai-chat': 'https://api.x.ai/v1' }, quirks: { reasoningOutside: 'in-total' } },
  groq: { name: 'Groq', baseUrls: { 'openai-chat': 'https://api.groq.com/openai/v1' }, quirks: {} },
  openrouter: { name: 'OpenRouter', baseUrls: { 'openai-chat': 'https://openrouter.ai/api/v1' }, quirks: {} },
  mistral: {
    name: 'Mistral',
    baseUrls: { 'openai-chat': 'https://api.mistral.ai/v1' },
    quirks: { maxTokens: 'max_tokens', streamUsage: false, developerRole: false },
  },
  moonshot: {
    name: 'Moonshot',
    baseUrls: { 'openai-chat': 'https://api.moonshot.cn/v1', 'anthropic': 'https://api.moonshot.cn/anthropic/v1' },
    quirks: { maxTokens: 'max_tokens', developerRole: false },
  },
  zhipu: {
    name: 'Zhipu',
    baseUrls: { 'openai-chat': 'https://open.bigmodel.cn/api/paas/v4', 'anthropic': 'https://open.bigmodel.cn/api/anthropic/v1' },
    quirks: { maxTokens: 'max_tokens', developerRole: false },
  },
  qwen: {
    name: 'Qwen (DashScope)',
    baseUrls: { 'openai-chat': 'https://dashscope.aliyuncs.com/compatible-mode/v1' },
    quirks: { maxTokens: 'max_tokens', developerRole: false },
  },
  siliconflow: { name: 'SiliconFlow', baseUrls: { 'openai-chat': 'https://api.siliconflow.cn/v1' }, quirks: { maxTokens: 'max_tokens' } },
  vercel: { name: 'Vercel AI Gateway', baseUrls: { 'openai-chat': 'https://ai-gateway.vercel.sh/v1' }, quirks: { reasoningOutside: 'beside' } },
  ollama: { name: 'Ollama', baseUrls: { 'openai-chat': 'http://127.0.0.1:11434/v1' }, quirks: { maxTokens: 'max_tokens' } },
  vllm: { name: 'vLLM', baseUrls: { 'openai-chat': 'http://127.0.0.1:8000/v1' }, quirks: {} },
}

export function isVendor(id: string | undefined): id is VendorId {
  return id !== undefined && Object.hasOwn(vendors, id)
}
