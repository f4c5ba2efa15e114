/**
 * Starts a function as the platform's own bootstrap does (`edgeone` 1.4.9 writes it beside `handler.js`), with its habits: a
 * `fetch` that sends again whatever did not answer 2xx, a body that is written without asking whether anybody keeps up, a
 * stream that is never cancelled, an end one millisecond late. Plain JavaScript, because Node 20 runs it.
 *
 * `node bootstrap.mjs <handler.js> <port>`
 */
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'

const [handlerFile, port] = process.argv.slice(2)

const originalFetch = globalThis.fetch
globalThis.__originalFetch = originalFetch
globalThis.fetch = async function wrapped(input, init = {}) {
  try {
    const response = await originalFetch(input, init)
    if (response.status > 300 || response.status < 200) throw new Error('need proxy')
    return response
  }
  catch {
    const headers = new Headers(init.headers ?? {})
    headers.set('oe-host', new URL(input instanceof Request ? input.url : input).host)
    return originalFetch(input, { ...init, headers })
  }
}

const { default: handler } = await import(pathToFileURL(handlerFile).href)

async function answer(req, res) {
  const response = await handler(req, {})
  const headers = Object.fromEntries(response.headers)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  headers['functions-request-id'] = req.headers['x-scf-request-id'] ?? ''
  if (!response.body) {
    res.writeHead(response.status, headers)
    res.end()
    return
  }
  if (response.headers.get('content-type')?.includes('text/event-stream')) Object.assign(headers, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'Connection': 'keep-alive' })
  res.writeHead(response.status, headers)
  const reader = response.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      res.write(value)
    }
  }
  finally {
    reader.releaseLock()
    setTimeout(() => res.end(), 1)
  }
}

createServer((req, res) => {
  answer(req, res).catch((error) => {
    if (!res.headersSent) res.writeHead(502, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ error: 'Internal Server Error', message: error.message }))
  })
}).listen(Number(port), '127.0.0.1')
