/** How each tool is set up to call this shop: what to type where, by operating system. */
export const systems = ['unix', 'windows'] as const
export type System = typeof systems[number]

export interface ConnectOptions {
  /** Address of this site without a path; Anthropic's and Google's tools put their own behind it. */
  origin: string
  /** The same with `/v1`, for whatever speaks OpenAI's dialects. */
  base: string
  key: string
  model: string
  system: System
  greeting: string
}

/** Code to paste; `label` is a file, or the name of a shell. */
export interface ToolCode { label: string, code: string }
/** A field of a form in the tool's own settings; `name` is a word of `tools.fields`. */
export interface ToolField { name: 'kind' | 'baseUrl' | 'apiKey' | 'model', value: string }

export interface ToolGuide {
  codes: ToolCode[]
  fields: ToolField[]
  /** Opens the tool, or another that sets it up, with everything filled in. Holds the key. */
  links: { name: string, href: string }[]
}

export const toolIds = ['claude-code', 'codex', 'gemini-cli', 'opencode', 'cherry-studio', 'cursor', 'cline', 'open-webui', 'curl', 'openai-sdk', 'anthropic-sdk', 'google-sdk'] as const
export type ToolId = typeof toolIds[number]

const guides: Record<ToolId, (options: ConnectOptions) => Partial<ToolGuide>> = {
  'claude-code': claudeCode,
  'codex': codex,
  'gemini-cli': geminiCli,
  'opencode': openCode,
  'cherry-studio': cherryStudio,
  'cursor': ({ base, key, model }) => ({ fields: [{ name: 'apiKey', value: key }, { name: 'baseUrl', value: base }, { name: 'model', value: model }] }),
  'cline': ({ base, key, model }) => ({ fields: [{ name: 'kind', value: 'OpenAI Compatible' }, { name: 'baseUrl', value: base }, { name: 'apiKey', value: key }, { name: 'model', value: model }] }),
  'open-webui': openWebui,
  'curl': options => ({ codes: [{ label: shellOf(options), code: options.system === 'windows' ? restMethod(options) : snippetsFor(options).curl }] }),
  'openai-sdk': (options) => {
    const { python, javascript } = snippetsFor(options)
    return { codes: [{ label: 'Python', code: python }, { label: 'JavaScript', code: javascript }] }
  },
  'anthropic-sdk': anthropicSdk,
  'google-sdk': googleSdk,
}

export function guideFor(tool: ToolId, options: ConnectOptions): ToolGuide {
  return { codes: [], fields: [], links: [], ...guides[tool](options) }
}

const shellOf = ({ system }: ConnectOptions) => system === 'windows' ? 'PowerShell' : 'Terminal'

/** Variables of one terminal, and what to start in it. Values are quoted so that no shell reads into them. */
function variables(options: ConnectOptions, values: Record<string, string>, start: string): ToolCode {
  const lines = Object.entries(values).map(([name, value]) => options.system === 'windows' ? `$env:${name} = '${value}'` : `export ${name}='${value}'`)
  return { label: shellOf(options), code: [...lines, start].join('\n') }
}

const inHome = ({ system }: ConnectOptions, path: string) => system === 'windows' ? `%USERPROFILE%\\${path.replaceAll('/', '\\')}` : `~/${path}`
const json = (value: unknown) => JSON.stringify(value, null, 2)

/** https://code.claude.com/docs/en/llm-gateway: the address without `/v1`, the key as a bearer token; small jobs go to another model unless told. */
function claudeCode(options: ConnectOptions): Partial<ToolGuide> {
  const { origin, key, model } = options
  const values = {
    ANTHROPIC_BASE_URL: origin,
    ANTHROPIC_AUTH_TOKEN: key,
    ANTHROPIC_MODEL: model,
    ANTHROPIC_DEFAULT_OPUS_MODEL: model,
    ANTHROPIC_DEFAULT_SONNET_MODEL: model,
    ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
  }
  return {
    codes: [{ label: inHome(options, '.claude/settings.json'), code: json({ env: values }) }, variables(options, values, 'claude')],
    links: [ccSwitch('claude', origin, options)],
  }
}

/** https://developers.openai.com/codex/config-reference: a provider of one's own, which must speak Responses. */
function codex(options: ConnectOptions): Partial<ToolGuide> {
  const { base, key, model, system } = options
  const config = [
    `model = ${JSON.stringify(model)}`,
    'model_provider = "vapor"',
    '',
    '[model_providers.vapor]',
    'name = "Vapor"',
    `base_url = ${JSON.stringify(base)}`,
    'env_key = "VAPOR_API_KEY"',
    'wire_api = "responses"',
  ].join('\n')
  const keep = system === 'windows'
    ? { label: 'PowerShell', code: `[Environment]::SetEnvironmentVariable('VAPOR_API_KEY', '${key}', 'User')\n$env:VAPOR_API_KEY = '${key}'\ncodex` }
    : variables(options, { VAPOR_API_KEY: key }, 'codex')
  return { codes: [{ label: inHome(options, '.codex/config.toml'), code: config }, keep], links: [ccSwitch('codex', base, options)] }
}

/** Google's SDK inside reads the address; it puts `/v1beta` behind it. */
function geminiCli(options: ConnectOptions): Partial<ToolGuide> {
  const { origin, key, model } = options
  return {
    codes: [variables(options, { GOOGLE_GEMINI_BASE_URL: origin, GEMINI_API_KEY: key, GEMINI_MODEL: model }, 'gemini')],
    links: [ccSwitch('gemini', origin, options)],
  }
}

/** https://opencode.ai/docs/providers/#custom-provider */
function openCode(options: ConnectOptions): Partial<ToolGuide> {
  const { base, key, model } = options
  const config = {
    $schema: 'https://opencode.ai/config.json',
    provider: { vapor: { npm: '@ai-sdk/openai-compatible', name: 'Vapor', options: { baseURL: base, apiKey: key }, models: { [model]: { name: model } } } },
    model: `vapor/${model}`,
  }
  return { codes: [{ label: inHome(options, '.config/opencode/opencode.json'), code: json(config) }] }
}

/** Cherry Studio reads a provider out of the address it is opened with. */
function cherryStudio({ origin, base, key, model }: ConnectOptions): Partial<ToolGuide> {
  const provider = { id: 'vapor', name: 'Vapor', type: 'openai', baseUrl: base, apiKey: key }
  return {
    fields: [{ name: 'kind', value: 'OpenAI' }, { name: 'apiKey', value: key }, { name: 'baseUrl', value: origin }, { name: 'model', value: model }],
    links: [{ name: 'Cherry Studio', href: `cherrystudio://providers/api-keys?${new URLSearchParams({ v: '1', data: base64(JSON.stringify(provider)) })}` }],
  }
}

/** CC Switch keeps providers for several tools and switches between them. */
function ccSwitch(app: 'claude' | 'codex' | 'gemini', endpoint: string, { origin, key, model }: ConnectOptions) {
  const query = new URLSearchParams({ resource: 'provider', app, name: 'Vapor', homepage: origin, endpoint, apiKey: key, model })
  return { name: 'CC Switch', href: `ccswitch://v1/import?${query}` }
}

function openWebui({ base, key, system }: ConnectOptions): Partial<ToolGuide> {
  const [label, next] = system === 'windows' ? ['PowerShell', '`'] : ['Terminal', '\\']
  return {
    fields: [{ name: 'baseUrl', value: base }, { name: 'apiKey', value: key }],
    codes: [{ label, code: [
      `docker run -d --name open-webui -p 3000:8080 ${next}`,
      `  -e OPENAI_API_BASE_URL='${base}' ${next}`,
      `  -e OPENAI_API_KEY='${key}' ${next}`,
      `  -v open-webui:/app/backend/data ghcr.io/open-webui/open-webui:main`,
    ].join('\n') }],
  }
}

/** The curl of Windows takes quotes apart; PowerShell has a word of its own for the same call. */
function restMethod({ base, key, model, greeting }: ConnectOptions): string {
  return [
    `$body = @{ model = '${model}'; messages = @(@{ role = 'user'; content = '${greeting}' }) } | ConvertTo-Json -Depth 5`,
    `Invoke-RestMethod -Method Post -Uri '${base}/chat/completions' \``,
    `  -Headers @{ Authorization = 'Bearer ${key}' } \``,
    '  -ContentType \'application/json; charset=utf-8\' -Body $body',
  ].join('\n')
}

function anthropicSdk({ origin, key, model, greeting }: ConnectOptions): Partial<ToolGuide> {
  return { codes: [
    { label: 'Python', code: [
      '# pip install anthropic',
      'from anthropic import Anthropic',
      '',
      `client = Anthropic(base_url="${origin}", api_key="${key}")`,
      'message = client.messages.create(',
      `    model="${model}",`,
      '    max_tokens=1024,',
      `    messages=[{"role": "user", "content": "${greeting}"}],`,
      ')',
      'print(message.content)',
    ].join('\n') },
    { label: 'JavaScript', code: [
      '// npm install @anthropic-ai/sdk',
      'import Anthropic from \'@anthropic-ai/sdk\'',
      '',
      `const client = new Anthropic({ baseURL: '${origin}', apiKey: '${key}' })`,
      'const message = await client.messages.create({',
      `  model: '${model}',`,
      '  max_tokens: 1024,',
      `  messages: [{ role: 'user', content: '${greeting}' }],`,
      '})',
      'console.log(message.content)',
    ].join('\n') },
  ] }
}

function googleSdk({ origin, key, model, greeting }: ConnectOptions): Partial<ToolGuide> {
  return { codes: [
    { label: 'Python', code: [
      '# pip install google-genai',
      'from google import genai',
      'from google.genai import types',
      '',
      `client = genai.Client(api_key="${key}", http_options=types.HttpOptions(base_url="${origin}"))`,
      `answer = client.models.generate_content(model="${model}", contents="${greeting}")`,
      'print(answer.text)',
    ].join('\n') },
    { label: 'JavaScript', code: [
      '// npm install @google/genai',
      'import { GoogleGenAI } from \'@google/genai\'',
      '',
      `const client = new GoogleGenAI({ apiKey: '${key}', httpOptions: { baseUrl: '${origin}' } })`,
      `const answer = await client.models.generateContent({ model: '${model}', contents: '${greeting}' })`,
      'console.log(answer.text)',
    ].join('\n') },
  ] }
}

/** UTF-8 first: the browser's own function takes only single bytes. */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
