import { lookup as dnsLookup } from 'node:dns'
import { lookup as lookUp } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { AppError } from '#server/errors/app-error'

/**
 * Networks Vapor never calls unless allowed: private, loopback, link-local, shared and documentation ranges
 * (https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry).
 */
const closed = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12],
  ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24],
  ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const) closed.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 128], ['::1', 128], ['64:ff9b::', 96], ['100::', 64], ['2001:db8::', 32], ['fc00::', 7], ['fe80::', 10], ['ff00::', 8],
] as const) closed.addSubnet(network, prefix, 'ipv6')

function isClosed(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return closed.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}

/** Refuses a URL that is not https or names a closed address outright, unless private upstreams are allowed. */
export function requireOpenUrl(url: URL, allowPrivate: boolean): void {
  if (allowPrivate) return
  if (url.protocol !== 'https:') throw new AppError('invalid_request', { problem: 'Channels need https. Set VAPOR_ALLOW_PRIVATE_UPSTREAMS=true to allow plain http.' })
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) && isClosed(host)) throw closedAddress()
}

/** Refuses a name that leads to a closed address now. It may lead elsewhere a moment later: only a connection can be sure. */
export async function requireOpenAddresses(url: URL, allowPrivate: boolean): Promise<void> {
  if (allowPrivate) return
  const addresses = await lookUp(url.hostname.replace(/^\[|\]$/g, ''), { all: true }).catch((cause: unknown) => {
    throw new AppError('upstream_unavailable', {}, { cause })
  })
  if (addresses.some(({ address }) => isClosed(address))) throw closedAddress()
}

/** A resolver for connections that checks every address and hands on just the checked ones, so none can change in between. */
export function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      if (!allowPrivate && addresses.some(({ address }) => isClosed(address))) return callback(closedAddress(), [])
      if (options.all) return callback(null, addresses)
      const [first] = addresses
      callback(null, first!.address, first!.family)
    })
  }
}

function closedAddress(): AppError {
  return new AppError('invalid_request', { problem: 'This address is private. Set VAPOR_ALLOW_PRIVATE_UPSTREAMS=true to allow it.' })
}
