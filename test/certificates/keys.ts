/** Key pairs for tests, good ones and those that are refused, made quickly. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generatePrime,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';

export type TestKey =
  | 'P-256'
  | 'P-384'
  | 'P-521'
  | 'ed25519'
  | 'RSA 2048'
  | 'RSA 1024'
  | 'RSA 4096'
  | 'RSA 8192'
  | 'RSA e=3';

/** A new private key. An RSA key of 8192 bits is made of many small primes: it works, and takes no minute. */
export async function newKey(kind: TestKey): Promise<KeyObject> {
  const pair = promisify(generateKeyPair);
  if (kind === 'RSA 8192') return manyPrimes(16);
  if (kind === 'ed25519') return (await pair('ed25519', {})).privateKey;
  if (kind === 'RSA e=3')
    return (await pair('rsa', { modulusLength: 2048, publicExponent: 3 })).privateKey;
  if (kind.startsWith('RSA'))
    return (await pair('rsa', { modulusLength: Number(kind.slice(4)) })).privateKey;
  return (await pair('ec', { namedCurve: kind })).privateKey;
}

/** SubjectPublicKeyInfo as DER. */
export function publicDer(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

export function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Two factors that are themselves products of primes of 512 bits; the arithmetic of RSA does not mind. */
async function manyPrimes(count: number): Promise<KeyObject> {
  const e = 65_537n;
  const make = promisify(generatePrime) as unknown as (
    size: number,
    options: { bigint: true },
  ) => Promise<bigint>; // the overload that gives a bigint
  const primes: bigint[] = [];
  let product = 1n;
  for (let turn = 0; primes.length < count; turn++) {
    const isLast = primes.length === count - 1;
    // The last one is as long as is missing; whether that is a bit more or less is tried in turn.
    const size = isLast ? count * 512 - bitsOf(product) + (turn % 2) : 512;
    const prime = await make(size, { bigint: true });
    const fits = !isLast || bitsOf(product * prime) === count * 512;
    if (!fits || (prime - 1n) % e === 0n || primes.includes(prime)) continue;
    primes.push(prime);
    product *= prime;
  }
  const half = (from: number) => {
    const some = primes.slice(from, from + count / 2);
    const factor = some.reduce((product, prime) => product * prime, 1n);
    const order = some.reduce((all, prime) => leastCommonMultiple(all, prime - 1n), 1n);
    return { factor, order };
  };
  const [p, q] = [half(0), half(count / 2)];
  const d = inverse(e, leastCommonMultiple(p.order, q.order));
  return createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: text(p.factor * q.factor),
      e: text(e),
      d: text(d),
      p: text(p.factor),
      q: text(q.factor),
      dp: text(inverse(e, p.order)),
      dq: text(inverse(e, q.order)),
      qi: text(inverse(q.factor, p.factor)),
    },
  });
}

function bitsOf(value: bigint): number {
  return value.toString(2).length;
}

function text(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  return (a / greatestCommonDivisor(a, b)) * b;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next] = [modulus, value % modulus];
  let [t, nextT] = [0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [t, nextT] = [nextT, t - quotient * nextT];
  }
  return t < 0n ? t + modulus : t;
}
