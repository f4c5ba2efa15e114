import { BlockList, isIP } from 'node:net'

/** Decides whose address a connection speaks for. `proxies` are addresses or networks in CIDR notation. */
export function createClientAddress(proxies: string[]) {
  const trusted = new BlockList()
  for (const proxy of proxies) {
    const [network = '', prefix] = proxy.split('/')
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) trusted.addAddress(network, family)
    else trusted.addSubnet(network, Number(prefix), family)
  }
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  /** The nearest address in X-Forwarded-For that is not a trusted proxy; without trusted proxies the peer itself. */
  return function addressOf(peer: string | undefined, forwarded: string | undefined): string {
    let address = plain(peer ?? '')
    if (proxies.length === 0) return address
    const hops = (forwarded ?? '').split(',').map(hop => plain(hop.trim())).filter(hop => isIP(hop) !== 0)
    while (isIP(address) !== 0 && isTrusted(address) && hops.length > 0) address = hops.pop()!
    return address
  }
}

/** IPv4 in IPv6 clothes is IPv4. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
