import { BlockList, isIP } from 'node:net'

/** Decides whose address a connection speaks for. `proxies` are addresses or networks in CIDR notation. */
export function createClientAddress(proxies: string[]) {
  const isTrusted = createAddressSet(proxies)

  /** The nearest address in X-Forwarded-For that is not a trusted proxy; without trusted proxies the peer itself. */
  return function addressOf(peer: string | undefined, forwarded: string | undefined): string {
    let address = plain(peer ?? '')
    if (proxies.length === 0) return address
    const hops = (forwarded ?? '').split(',').map(hop => plain(hop.trim())).filter(hop => isIP(hop) !== 0)
    while (isIP(address) !== 0 && isTrusted(address) && hops.length > 0) address = hops.pop()!
    return address
  }
}

/** Whether an address is one of several addresses or networks in CIDR notation. What is no address is none of them. */
export function createAddressSet(entries: string[]): (address: string) => boolean {
  const set = new BlockList()
  for (const entry of entries) {
    const [network = '', prefix] = entry.split('/')
    if (prefix === undefined) set.addAddress(plain(network), familyOf(plain(network)))
    else set.addSubnet(network, Number(prefix), familyOf(network))
  }
  return address => isIP(address) !== 0 && set.check(address, familyOf(address))
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

/** IPv4 in IPv6 clothes is IPv4; the zone of a link-local address says nothing about who it is. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}
