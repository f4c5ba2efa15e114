import type { DialectId } from '#shared/schemas/channel'

export interface DialectSnippetOptions { origin: string, key: string, model: string, greeting: string }

/** Where each dialect is spoken. `{model}` stands for the model's name. */
export const dialectPaths: Record<DialectId, string> = {
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'anthropic': '/v1/messages',
  'gemini': '/v1beta/models/{model}:generateContent',
}

const headers: Record<DialectId, (key: string) => string[]> = {
  'openai-chat': key => [`Authorization: Bearer ${key}`],
  'openai-responses': key => [`Authorization: Bearer ${key}`],
  'anthropic': key => [`x-api-key: ${key}`, 'anthropic-version: 2023-06-01'],
  'gemini': key => [`x-goog-api-key: ${key}`],
}

const bodies: Record<DialectId, (model: string, greeting: string) => string> = {
  'openai-chat': (model, greeting) => `{"model": "${model}", "messages": [{"role": "user", "content": "${greeting}"}]}`,
  'openai-responses': (model, greeting) => `{"model": "${model}", "input": "${greeting}"}`,
  'anthropic': (model, greeting) => `{"model": "${model}", "max_tokens": 1024, "messages": [{"role": "user", "content": "${greeting}"}]}`,
  'gemini': (_, greeting) => `{"contents": [{"role": "user", "parts": [{"text": "${greeting}"}]}]}`,
}

/** One call of a model as curl, in the words of a dialect. */
export function dialectCurl(dialect: DialectId, { origin, key, model, greeting }: DialectSnippetOptions): string {
  return curl(origin + dialectPaths[dialect].replace('{model}', model), headers[dialect](key), bodies[dialect](model, greeting))
}

/** The same for a model that holds no conversation. */
export function endpointCurl(modality: string, { origin, key, model, greeting }: DialectSnippetOptions): string | undefined {
  const call = (path: string, fields: object) => curl(origin + path, headers['openai-chat'](key), JSON.stringify({ model, ...fields }))
  switch (modality) {
    case 'embeddings': return call('/v1/embeddings', { input: greeting })
    case 'rerank': return call('/v1/rerank', { query: greeting, documents: [greeting] })
    case 'moderation': return call('/v1/moderations', { input: greeting })
    case 'image_out': return call('/v1/images/generations', { prompt: greeting })
    case 'audio_out': return `${call('/v1/audio/speech', { input: greeting, voice: 'alloy' })} \\\n  -o speech.mp3`
    case 'audio_in': return [`curl ${origin}/v1/audio/transcriptions \\`, `  -H "Authorization: Bearer ${key}" \\`, `  -F model="${model}" \\`, '  -F file=@speech.mp3'].join('\n')
    default: return undefined
  }
}

function curl(url: string, lines: string[], body: string): string {
  return [`curl ${url} \\`, ...[...lines, 'Content-Type: application/json'].map(line => `  -H "${line}" \\`), `  -d '${body}'`].join('\n')
}
