import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:http'
import type { Credit } from '../../../sandbox/index.ts'

export interface Heard {
  method: string
  url: string
  headers: IncomingHttpHeaders
  /** The names in the order they came. */
  names: string[]
  fields: Record<string, string>
}

export interface Shop {
  notifyUrl: string
  heard: Heard[]
  /** How it answers a notify from now on; `hang` never does. */
  answer: { status: number, body: string, location?: string } | 'hang'
  /** Notifies it was answering at the same time, at most. */
  mostAtOnce: number
  close: () => Promise<void>
}

/** A shop's notify address, by the books: it hears everything and answers as told, a little later. */
export async function openShop(): Promise<Shop> {
  let atOnce = 0
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://shop')
      const parameters = request.method === 'POST' ? new URLSearchParams(Buffer.concat(parts).toString()) : url.searchParams
      shop.heard.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, names: [...parameters.keys()], fields: Object.fromEntries(parameters) })
      const { answer } = shop
      if (answer === 'hang') return
      shop.mostAtOnce = Math.max(shop.mostAtOnce, ++atOnce)
      setTimeout(() => {
        atOnce--
        response.writeHead(url.pathname === '/moved' ? 200 : answer.status, answer.location === undefined ? {} : { location: answer.location })
        response.end(answer.body)
      }, 5)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const shop: Shop = {
    notifyUrl: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/api/pay/notify`,
    heard: [],
    answer: { status: 200, body: 'success' },
    mostAtOnce: 0,
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
  return shop
}

/** EPay's signature, written here once more: what is tested must not be what tests it. */
export function epaySign(fields: Record<string, string>, key: string): string {
  const names = Object.keys(fields).filter(name => !['sign', 'sign_type'].includes(name) && fields[name]).sort()
  return createHash('md5').update(names.map(name => `${name}=${fields[name]}`).join('&') + key).digest('hex')
}

/** Signs and submits an order as a browser does, without following the redirect. An undefined field is left out. */
export async function submit(
  credit: Credit,
  changes: Record<string, string | undefined>,
  method: 'GET' | 'POST' = 'POST',
): Promise<{ status: number, location: string, text: string }> {
  const all = { pid: credit.pid, type: credit.profile === 'linuxdo' ? 'epay' : 'alipay', name: '充值 10 积分', money: '10.00', ...changes }
  const fields = Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const form = new URLSearchParams({ sign: epaySign(fields, credit.key), sign_type: 'MD5', ...fields })
  const response = method === 'GET'
    ? await fetch(`${credit.submitUrl}?${form}`, { redirect: 'manual' })
    : await fetch(credit.submitUrl, { method, body: form, redirect: 'manual' })
  return { status: response.status, location: response.headers.get('location') ?? '', text: await response.text() }
}

/** Asks the gateway how an order stands, with the right credentials unless others are given. */
export async function query(credit: Credit, parameters: Record<string, string>): Promise<{ status: number, body: Record<string, unknown> }> {
  const response = await fetch(`${credit.apiUrl}?${new URLSearchParams({ act: 'order', pid: credit.pid, key: credit.key, ...parameters })}`)
  return { status: response.status, body: await response.json() as Record<string, unknown> }
}

export async function refund(credit: Credit, parameters: Record<string, string>): Promise<{ status: number, body: Record<string, unknown> }> {
  const body = new URLSearchParams({ pid: credit.pid, key: credit.key, ...parameters })
  const response = await fetch(`${credit.apiUrl}?act=refund`, { method: 'POST', body })
  return { status: response.status, body: await response.json() as Record<string, unknown> }
}
