import { startSandbox } from './index.ts'

// Runs the fakes on their own: `node sandbox/main.ts`. SANDBOX_PORT (4001) and SANDBOX_REDIRECT_URI (comma-separated) are read.
const port = Number(process.env['SANDBOX_PORT'] ?? 4001)
const redirectUri = process.env['SANDBOX_REDIRECT_URI']?.split(',').map(address => address.trim()).filter(address => address !== '')

try {
  const sandbox = await startSandbox({ port, ...(redirectUri && redirectUri.length > 0 && { redirectUri }) })
  const lines = {
    'front page': sandbox.url,
    'OAUTH_AUTHORIZE_URL': sandbox.connect.authorizeUrl,
    'OAUTH_TOKEN_URL': sandbox.connect.tokenUrl,
    'OAUTH_USERINFO_URL': sandbox.connect.userinfoUrl,
    'OAUTH_CLIENT_ID': sandbox.connect.clientId,
    'OAUTH_CLIENT_SECRET': sandbox.connect.clientSecret,
    'OAUTH_REDIRECT_URI': sandbox.connect.redirectUris.join(' or '),
    'OpenAI Chat': sandbox.upstream.baseUrl,
    'OpenAI Responses': sandbox.upstream.responses.baseUrl,
    'Anthropic': sandbox.upstream.anthropic.baseUrl,
    'Gemini': sandbox.upstream.gemini.baseUrl,
    'EPAY_SUBMIT_URL': sandbox.credit.submitUrl,
    'EPAY_API_URL': sandbox.credit.apiUrl,
    'EPAY_PID': sandbox.credit.pid,
    'EPAY_KEY': sandbox.credit.key,
    'upstream API keys': sandbox.upstream.apiKeys.join(' or '),
  }
  for (const [name, value] of Object.entries(lines)) console.log(`${name.padEnd(20)} ${value}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sandbox.close())
}
catch (error) {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  console.error(taken ? `Port ${port} is taken; set SANDBOX_PORT to another one.` : error instanceof Error ? error.message : error)
  process.exitCode = 1
}
