/**
 * EdgeOne Pages on this machine, with its nastiness: the built folder under Node 20, a front that caps bodies and time, sets
 * the platform's headers and freezes the function behind each response, and the edge function over an emulated KV.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, request as forward } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEdge } from './edge.ts'
import { createKv } from './kv.ts'
import type { Kv, KvNode } from './kv.ts'

const FUNCTION_BODY_MAX = 6 * 1024 * 1024
const EDGE_BODY_MAX = 1024 * 1024
const READY_MS = 20_000
const FREEZE_AFTER_MS = 30

export interface HostOptions {
  /** What `npm run build:edgeone` has made. */
  folder: string
  /** Variables of the project, for the function and the edge. */
  env: (origin: string) => Record<string, string>
  /** The platform cuts an answer after this. */
  maxDurationMs?: number
  /** False: the function keeps running between requests. */
  freeze?: boolean
  /** Variables the edge has, when its deployment was another. */
  edgeEnv?: Record<string, string>
  /** False: no namespace is bound. */
  bound?: boolean
  /** A namespace other hosts share, and which of its nodes the edge of this one is. */
  kv?: Kv
  node?: number
  /** Another `bootstrap.mjs` with its own port: the platform's. */
  bootstrap?: { program: string, port: number }
}

export interface Host {
  url: string
  kv: Kv
  /** Calls of the edge function so far. */
  edgeCalls: () => number
  log: () => string
  close: () => Promise<void>
}

/** A Node 20, because that is what the platform runs; undefined where there is none. */
export function findNode20(): string | undefined {
  const places = [process.env['NODE20'], '/usr/bin/node', '/usr/local/bin/node', process.execPath]
  return places.find((path): path is string => path !== undefined && existsSync(path) && spawnSync(path, ['--version']).stdout.toString().startsWith('v20.'))
}

export async function startHost(options: HostOptions): Promise<Host> {
  const { folder, maxDurationMs = 120_000, freeze = true } = options
  const kv = options.kv ?? createKv(1, { now: Date.now })
  const front = createServer().listen(0, '127.0.0.1')
  await once(front, 'listening')
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
  const env = options.env(url)
  const port = options.bootstrap?.port ?? await freePort()
  const output: Buffer[] = []
  const child = spawnFunction(options, port, env, output)
  const ice = createIce(child, freeze)
  const edge = createEdge({
    file: join(folder, 'edge-functions/_kv/rpc.js'),
    env: options.edgeEnv ?? env,
    bindings: (): Record<string, KvNode> => options.bound === false ? {} : { vapor_kv: kv.nodes[options.node ?? 0]! },
  })
  let edgeCalls = 0

  front.on('request', (req: IncomingMessage, res: ServerResponse) => {
    const path = new URL(req.url ?? '/', url).pathname
    const file = assetOf(folder, path)
    if (file && req.method === 'GET') return void createReadStream(file).pipe(res)
    if (path === '/_kv/rpc') {
      edgeCalls++
      return void serveEdge(req, res, url, edge)
    }
    passOn(req, res, { port, host: new URL(url).host, maxDurationMs, ice })
  })

  const close = async () => {
    ice.end()
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
    child.kill('SIGKILL')
    await gone
    front.closeAllConnections()
    front.close()
  }
  try { await listening(port, child) }
  catch (error) {
    await close()
    throw new Error(`The function did not start: ${String(error)}\n${Buffer.concat(output).toString('utf8')}`, { cause: error })
  }
  ice.rest()
  return { url, kv, edgeCalls: () => edgeCalls, log: () => Buffer.concat(output).toString('utf8'), close }
}

function spawnFunction({ folder, bootstrap }: HostOptions, port: number, env: Record<string, string>, output: Buffer[]): ChildProcess {
  const program = bootstrap ? [bootstrap.program] : [fileURLToPath(new URL('bootstrap.mjs', import.meta.url)), join(folder, '.edgeone/cloud-functions/ssr-node/handler.js'), String(port)]
  const child = spawn(findNode20() ?? process.execPath, program, { env: { PATH: process.env['PATH'], HOME: '/tmp', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.on('data', (part: Buffer) => output.push(part))
  child.stderr.on('data', (part: Buffer) => output.push(part))
  return child
}

/** The function stands still when nobody is served: no timer runs, nothing late is finished. */
function createIce(child: ChildProcess, freeze: boolean) {
  let serving = 0
  let timer: NodeJS.Timeout | undefined
  const rest = () => {
    if (!freeze) return
    clearTimeout(timer)
    timer = setTimeout(() => { if (serving === 0) child.kill('SIGSTOP') }, FREEZE_AFTER_MS)
  }
  return {
    rest,
    begin() {
      serving++
      clearTimeout(timer)
      child.kill('SIGCONT')
    },
    done() {
      serving--
      if (serving === 0) rest()
    },
    end: () => clearTimeout(timer),
  }
}

interface Passing {
  port: number
  host: string
  maxDurationMs: number
  ice: ReturnType<typeof createIce>
}

function passOn(req: IncomingMessage, res: ServerResponse, { port, host, maxDurationMs, ice }: Passing): void {
  if (Number(req.headers['content-length']) > FUNCTION_BODY_MAX) {
    res.writeHead(413).end()
    return
  }
  ice.begin()
  const outside = Object.entries(req.headers).filter(([name]) => !name.startsWith('eo-') && !['host', 'connection', 'x-forwarded-for'].includes(name))
  const headers = {
    ...Object.fromEntries(outside),
    'host': 'function.internal:9000',
    'connection': 'close',
    'eo-pages-host': host,
    'eo-connecting-ip': '203.0.113.9',
    'x-forwarded-proto': 'https',
    'x-scf-request-id': crypto.randomUUID(),
  }
  const inner = forward({ host: '127.0.0.1', port, method: req.method, path: req.url, headers, agent: false })
  const cut = setTimeout(() => {
    inner.destroy()
    res.destroy()
  }, maxDurationMs)
  let bytes = 0
  req.on('data', (part: Buffer) => {
    bytes += part.byteLength
    if (bytes > FUNCTION_BODY_MAX) inner.destroy()
  })
  req.pipe(inner)
  inner.on('response', (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(res)
    answer.on('error', () => res.destroy())
  })
  inner.on('error', () => res.headersSent ? res.destroy() : res.writeHead(502).end())
  res.on('close', () => {
    clearTimeout(cut)
    inner.destroy()
    ice.done()
  })
}

async function serveEdge(req: IncomingMessage, res: ServerResponse, url: string, edge: ReturnType<typeof createEdge>): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of req) parts.push(part as Buffer)
  const body = Buffer.concat(parts)
  if (body.byteLength > EDGE_BODY_MAX) return void res.writeHead(413).end()
  const headers = Object.entries(req.headers).flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)] as [string, string]])
  const hasBody = req.method !== 'GET' && req.method !== 'HEAD'
  const answer = await edge(new Request(url + (req.url ?? ''), { method: req.method ?? 'GET', headers, ...(hasBody ? { body } : {}) }))
  res.writeHead(answer.status, answer.headers).end(answer.body)
}

function assetOf(folder: string, path: string): string | undefined {
  const assets = join(folder, 'assets')
  const file = normalize(join(assets, decodeURIComponent(path)))
  return file.startsWith(`${assets}/`) && existsSync(file) && statSync(file).isFile() ? file : undefined
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (const until = Date.now() + READY_MS; Date.now() < until;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`)
    const socket = connect(port, '127.0.0.1')
    const open = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
    socket.destroy()
    if (open) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`it does not listen on ${port}`)
}
