/**
 * Which network addresses a `url` of a manifest may lead to. Names are resolved and judged for each connection,
 * and the connection is made to an address that was judged, so a name that answers differently the next time
 * gains nothing.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { BlockList, isIP } from 'node:net';

/** Thrown for an address that may not be connected to. */
export class AddressRefused extends Error {
  override name = 'AddressRefused';
}

/** Loopback and private networks: allowed where the operator says so. */
const PRIVATE = ranges(
  ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'],
  ['::1/128', 'fc00::/7', 'fec0::/10'],
);

/**
 * No tool server is there: this host as source, link-local (where clouds answer with credentials), multicast,
 * documentation, benchmarking, reserved; and IPv6 addresses that stand for an IPv4 address which they hide.
 */
const NEVER = ranges(
  ['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15'].concat([
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ]),
  ['::/96', 'fe80::/10', 'ff00::/8', '100::/64', '2001:db8::/32', '2001::/32', '2002::/16'].concat([
    '64:ff9b::/96',
    '64:ff9b:1::/48',
  ]),
);

function ranges(v4: readonly string[], v6: readonly string[]): BlockList {
  const list = new BlockList();
  for (const [family, all] of [['ipv4', v4] as const, ['ipv6', v6] as const]) {
    for (const range of all) {
      const [net = '', prefix = ''] = range.split('/');
      list.addSubnet(net, Number(prefix), family);
    }
  }
  return list;
}

/** Throws `AddressRefused` for an IP address that may not be connected to. */
export function refuseAddress(address: string, allowPrivate: boolean): void {
  const bare = address.replace(/%.*$/, '');
  const version = isIP(bare);
  if (version === 0) throw new AddressRefused(`${JSON.stringify(address)} is no IP address`);
  // An IPv4 address written as IPv6 (::ffff:10.0.0.1) is judged as the IPv4 address.
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (PRIVATE.check(bare, family)) {
    if (allowPrivate) return;
    throw new AddressRefused(
      `${address} is a loopback or private address; an operator allows such with WARDEN_MCP_ALLOW_PRIVATE=true`,
    );
  }
  if (NEVER.check(bare, family)) {
    throw new AddressRefused(`${address} is a link-local or reserved address, which is never connected to`);
  }
}

/**
 * Resolves names for `net.connect`, which connects to what this answers and to nothing else. A name of which one
 * address may not be connected to is refused as a whole.
 * @param resolve the system's, but for tests
 */
export function createLookup(allowPrivate: boolean, resolve: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
      const [first] = addresses;
      try {
        for (const { address } of addresses) refuseAddress(address, allowPrivate);
        if (first === undefined) throw new AddressRefused(`${hostname} has no address`);
      } catch (refused) {
        return callback(refused instanceof Error ? refused : new Error(String(refused)), []);
      }
      return options.all === true ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}
