import type { ChannelCreate, ChannelPut, ChannelReply, DialectId } from '#shared/schemas/channel'

export interface ChannelFormState {
  name: string
  dialect: DialectId
  baseUrl: string
  /** One per line. */
  credentials: string
  priority: number
  weight: number
  enabled: boolean
}

/** Addresses people connect most; any other one can be typed. */
export const channelPresets: { name: string, dialect: DialectId, baseUrl: string }[] = [
  { name: 'OpenAI', dialect: 'openai-chat', baseUrl: 'https://api.openai.com/v1' },
  { name: 'OpenAI (Responses)', dialect: 'openai-responses', baseUrl: 'https://api.openai.com/v1' },
  { name: 'Anthropic', dialect: 'anthropic', baseUrl: 'https://api.anthropic.com/v1' },
  { name: 'Gemini', dialect: 'gemini', baseUrl: 'https://generativelanguage.googleapis.com/v1beta' },
  { name: 'OpenRouter', dialect: 'openai-chat', baseUrl: 'https://openrouter.ai/api/v1' },
  { name: 'DeepSeek', dialect: 'openai-chat', baseUrl: 'https://api.deepseek.com/v1' },
  { name: 'Moonshot', dialect: 'openai-chat', baseUrl: 'https://api.moonshot.cn/v1' },
  { name: 'Qwen (DashScope)', dialect: 'openai-chat', baseUrl: 'https://dashscope.aliyuncs.com/compatible-mode/v1' },
  { name: 'Zhipu', dialect: 'openai-chat', baseUrl: 'https://open.bigmodel.cn/api/paas/v4' },
  { name: 'SiliconFlow', dialect: 'openai-chat', baseUrl: 'https://api.siliconflow.cn/v1' },
  { name: 'Groq', dialect: 'openai-chat', baseUrl: 'https://api.groq.com/openai/v1' },
  { name: 'Ollama', dialect: 'openai-chat', baseUrl: 'http://127.0.0.1:11434/v1' },
]

export function emptyChannelForm(): ChannelFormState {
  return { name: '', dialect: 'openai-chat', baseUrl: '', credentials: '', priority: 0, weight: 1, enabled: true }
}

/** Stored credentials never come back to a page: the field starts empty, and empty keeps them. */
export function channelFormOf({ name, dialect, baseUrl, priority, weight, enabled }: ChannelReply): ChannelFormState {
  return { name, dialect, baseUrl, credentials: '', priority, weight, enabled }
}

export function channelCreateOf(form: ChannelFormState): ChannelCreate {
  return { ...form, baseUrl: form.baseUrl.trim(), credentials: linesOf(form.credentials) }
}

export function channelPutOf(form: ChannelFormState, version: string): ChannelPut {
  const { credentials, ...rest } = form
  const lines = linesOf(credentials)
  return { ...rest, baseUrl: form.baseUrl.trim(), version, ...(lines.length ? { credentials: lines } : {}) }
}

function linesOf(text: string): string[] {
  return text.split('\n').map(line => line.trim()).filter(Boolean)
}
