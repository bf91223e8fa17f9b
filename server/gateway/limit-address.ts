/**
 * A source address as limits count it: an IPv4 address is one source, and so are all addresses of an IPv6 network of 64
 * bits, which is what a single customer is given (RFC 6177).
 */
import { isIPv4, isIPv6 } from 'node:net';

const mapped = '::ffff:';

/** `192.0.2.1`, `2001:db8:0:1::/64`; what is no address stays as it is, cut to 50 characters. */
export function addressOf(address: string): string {
  const [plain = ''] = address.toLowerCase().split('%', 1);
  if (plain.startsWith(mapped) && isIPv4(plain.slice(mapped.length)))
    return plain.slice(mapped.length);
  return isIPv6(plain) ? networkOf(plain) : plain.slice(0, 50);
}

function networkOf(address: string): string {
  const [before = '', after] = address.split('::', 2);
  const head = groupsOf(before);
  const tail = after === undefined ? [] : groupsOf(after);
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...(after === undefined ? [] : zeros), ...tail].slice(0, 4);
  return `${groups.map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** An IPv4 address at the end stands for two groups; which ones does not matter, for they are in the last half. */
function groupsOf(text: string): string[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
