export interface SnippetOptions { base: string, key: string, model: string, greeting: string }

/** Ways to call a model, ready to paste. */
export function snippetsFor({ base, key, model, greeting }: SnippetOptions) {
  const messages = `[{"role": "user", "content": "${greeting}"}]`
  return {
    curl: [
      `curl ${base}/chat/completions \\`,
      `  -H "Authorization: Bearer ${key}" \\`,
      `  -H "Content-Type: application/json" \\`,
      `  -d '{"model": "${model}",`,
      `       "messages": ${messages}}'`,
    ].join('\n'),
    python: [
      '# pip install openai',
      'from openai import OpenAI',
      '',
      `client = OpenAI(base_url="${base}", api_key="${key}")`,
      'answer = client.chat.completions.create(',
      `    model="${model}",`,
      `    messages=${messages},`,
      ')',
      'print(answer.choices[0].message.content)',
    ].join('\n'),
    javascript: [
      '// npm install openai',
      'import OpenAI from \'openai\'',
      '',
      `const client = new OpenAI({ baseURL: '${base}', apiKey: '${key}' })`,
      'const answer = await client.chat.completions.create({',
      `  model: '${model}',`,
      `  messages: [{ role: 'user', content: '${greeting}' }],`,
      '})',
      'console.log(answer.choices[0].message.content)',
    ].join('\n'),
  }
}
