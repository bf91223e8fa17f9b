/**
 * Private members in what should be a public key (RFC 7518 6.2.2, 6.3.2, 6.4). Owns telling whether they really are the
 * private part of that key: nobody may burn a key of somebody else by publishing it beside invented numbers.
 */
import { createDiffieHellman, createECDH } from 'node:crypto';
import type { PublicJwk } from './apps.ts';

/** The cause of a refusal by which keys became known to others. */
export class PublishedPrivateKeys extends Error {
  readonly thumbprints: readonly string[];

  constructor(thumbprints: readonly string[]) {
    super('private keys were published');
    this.name = 'PublishedPrivateKeys';
    this.thumbprints = thumbprints;
  }
}

/** The names of the private and symmetric members that a key has. */
export function privateMembersOf(key: Readonly<Record<string, unknown>>): readonly string[] {
  return ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].filter((name) => Object.hasOwn(key, name));
}

/**
 * Whether the private members belong to the public ones, so far as one can tell from any of d, p, q, dp and dq.
 * @param parts a checked public key; RSA with exponent 65537.
 * @param thorough whether to try RSA's d, dp and dq too, of keys up to 4,096 bits, which takes up to 40 ms of CPU; whole
 * private keys have p and q.
 */
export function provesPrivateKey(
  parts: Pick<PublicJwk, 'kty' | 'n' | 'crv' | 'x' | 'y'>,
  key: Readonly<Record<string, unknown>>,
  thorough: boolean,
): boolean {
  return parts.kty === 'RSA' ? provesRsa(parts, key, thorough) : provesEc(parts, key);
}

function provesRsa(
  { n = '' }: Pick<PublicJwk, 'n'>,
  key: Readonly<Record<string, unknown>>,
  thorough: boolean,
): boolean {
  const modulus = toNumber(n);
  // None is longer than the modulus; the length bounds the work.
  const member = (name: string): string => {
    const text = key[name];
    return typeof text === 'string' && text.length <= n.length + 4 ? text : '';
  };
  if (['p', 'q'].some((name) => isFactor(toNumber(member(name)), modulus))) return true;
  // 2^(e·d) is 2, modulo n for d itself, and modulo p or q for dp and dq. One try, which bounds the work as well.
  const exponent = ['d', 'dp', 'dq'].map(member).find((one) => toNumber(one) > 0n);
  if (!thorough || exponent === undefined || n.length > longestTried) return false;
  const back = power(powerOfTwo(exponent, n), 65537n, modulus);
  return commonDivisor(back > 2n ? back - 2n : 2n - back, modulus) > 1n;
}

/** A modulus of 4,096 bits in base64url: everybody waits meanwhile, and one of 8,192 takes eight times as long. */
const longestTried = Math.ceil((512 * 4) / 3);

/** 2 to this power, modulo n: a Diffie-Hellman public value, which OpenSSL makes ten times as fast as we could. */
function powerOfTwo(exponent: string, n: string): bigint {
  try {
    const maker = createDiffieHellman(n, 'base64url', 2);
    maker.setPrivateKey(exponent, 'base64url');
    return BigInt(`0x${maker.generateKeys('hex')}`);
  } catch {
    return 0n; // a number that no private key has
  }
}

function provesEc(
  { crv, x, y }: Pick<PublicJwk, 'crv' | 'x' | 'y'>,
  { d }: Readonly<Record<string, unknown>>,
): boolean {
  if (typeof d !== 'string' || d.length > 100) return false;
  const curve = createECDH(crv === 'P-256' ? 'prime256v1' : 'secp384r1');
  try {
    curve.setPrivateKey(Buffer.from(d, 'base64url'));
  } catch {
    return false;
  }
  const point = curve.getPublicKey().subarray(1); // without the mark of an uncompressed point
  const half = point.length / 2;
  return (
    point.subarray(0, half).toString('base64url') === x &&
    point.subarray(half).toString('base64url') === y
  );
}

function toNumber(text: string): bigint {
  const hex = Buffer.from(text, 'base64url').toString('hex');
  return hex === '' ? 0n : BigInt(`0x${hex}`);
}

function isFactor(divisor: bigint, modulus: bigint): boolean {
  return divisor > 1n && divisor < modulus && modulus % divisor === 0n;
}

/** Euclid's; with 0 it is the other number. */
function commonDivisor(a: bigint, b: bigint): bigint {
  while (b > 0n) [a, b] = [b, a % b];
  return a;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}
