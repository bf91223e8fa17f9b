/**
 * What kind of place an IP address is, for back ends: this machine, never to be called, public, or somebody's own network.
 * Owns the ranges (RFC 6890, IANA's registries); what may be called where is in target-rules.ts.
 */
import { BlockList, isIP } from 'node:net';

export type IpPlace = 'loopback' | 'never' | 'public' | 'private';

/**
 * The place of an IP address in text. `never`: link-local and the metadata services of clouds, multicast, unspecified,
 * addresses that wrap an IPv4 one, and text that is no address.
 */
export function placeOf(ip: string): IpPlace {
  const kind = isIP(ip);
  if (kind === 4) {
    if (loopback4.check(ip, 'ipv4')) return 'loopback';
    if (never4.check(ip, 'ipv4')) return 'never';
    return private4.check(ip, 'ipv4') ? 'private' : 'public';
  }
  if (kind !== 6 || ip.includes('%')) return 'never';
  if (loopback6.check(ip, 'ipv6')) return 'loopback';
  if (never6.check(ip, 'ipv6')) return 'never';
  return global6.check(ip, 'ipv6') && !private6.check(ip, 'ipv6') ? 'public' : 'private';
}

/** Whether an address is in one of the networks, which are in CIDR form; one that is not in that form holds none. */
export function inNetworks(networks: readonly string[]): (ip: string) => boolean {
  // One list for each family: a BlockList takes an IPv6 range over mapped addresses for all of IPv4.
  const [four, six] = [new BlockList(), new BlockList()];
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    const family = isIP(address);
    if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) continue;
    if (family === 4) four.addSubnet(address, Number(prefix), 'ipv4');
    if (family === 6) six.addSubnet(address, Number(prefix), 'ipv6');
  }
  return (ip) =>
    isIP(ip) === 4 ? four.check(ip, 'ipv4') : isIP(ip) === 6 && six.check(ip, 'ipv6');
}

function ranges(family: 'ipv4' | 'ipv6', subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', prefix] = subnet.split('/');
    list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

const loopback4 = ranges('ipv4', ['127.0.0.0/8']);
const loopback6 = ranges('ipv6', ['::1/128']);

const never4 = ranges('ipv4', [
  '0.0.0.0/8',
  '169.254.0.0/16', // link-local; most clouds' metadata service
  '168.63.129.16/32', // one cloud's, public by its number
  '100.100.100.200/32', // another's
  '192.0.0.0/24',
  '224.0.0.0/3', // multicast, reserved, broadcast
]);
const never6 = ranges('ipv6', [
  '::/96', // unspecified, and IPv4 in an old form
  '::ffff:0:0/96', // mapped IPv4
  '64:ff9b::/96', // translated IPv4
  '2001::/32', // Teredo
  '2002::/16', // 6to4
  'fe80::/10',
  'fd00:ec2::254/128', // metadata
  'ff00::/8',
]);

const private4 = ranges('ipv4', [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
]);
const global6 = ranges('ipv6', ['2000::/3']);
const private6 = ranges('ipv6', ['2001::/23', '2001:db8::/32', '3fff::/20']);
