/**
 * What a client's public key set must be to be registered (RFC 7517), one sentence for each refusal. Owns the rules of
 * the set and its keys; which keys are burnt is in burnt-keys.ts, how keys are used in server/auth.
 */
import { createPublicKey } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import type { PublicJwk } from './apps.ts';
import {
  PublishedPrivateKeys,
  privateMembersOf,
  provesPrivateKey,
} from './published-private-key.ts';
import { thumbprint } from './thumbprint.ts';

/** Where the keys will be used: `nhs` takes RSA alone, `any` takes P-256 and P-384 as well. */
export type KeyFace = 'nhs' | 'any';

const mostKeys = 10;

/**
 * The keys of a set that may be registered, reduced to the members that are known and in their one right spelling.
 * @param value JSON as parsed. @param isBurnt whether a key with this thumbprint may never be used again.
 * @throws Problem `invalid` with a sentence for the owner. If the set gives away a private key, the Problem's cause is a
 * PublishedPrivateKeys, whose thumbprint the caller must burn.
 */
export function checkKeySet(
  value: unknown,
  face: KeyFace,
  isBurnt: (thumbprint: string) => boolean,
): readonly PublicJwk[] {
  const set = asObject(value);
  if (!set) throw refusal('A key set is a JSON object with a list "keys" (RFC 7517)');
  const { keys } = set;
  if (!Array.isArray(keys)) throw refusal('The key set has no list "keys"');
  if (keys.length === 0) throw refusal('The key set has no key in it; at least one is needed');
  if (keys.length > mostKeys)
    throw refusal(`The key set has ${keys.length} keys; at most ${mostKeys} are allowed`);
  const members = keys.map((key: unknown) => asObject(key));
  refusePrivate(members);
  const checked = members.map((key, i) => checkKey(key, face, isBurnt, `Key ${i + 1}`));
  const twice = checked.find((key, i) => checked.findIndex(({ kid }) => kid === key.kid) < i);
  if (twice) throw refusal(`Two keys have the kid ${twice.kid}; each needs its own`);
  return checked;
}

type Members = Readonly<Record<string, unknown>>;

function checkKey(
  key: Members | undefined,
  face: KeyFace,
  isBurnt: (thumbprint: string) => boolean,
  name: string,
): PublicJwk {
  if (!key) throw refusal(`${name} is no JSON object`);
  const kid = checkKid(key, name);
  const parts = key.kty === 'RSA' ? rsaParts(key, name) : ecParts(key, face, name);
  const checked: PublicJwk = {
    ...parts,
    kid,
    ...checkUse(key, name),
    ...checkAlg(key, parts, name),
  };
  if (isBurnt(thumbprint(checked)))
    throw refusal(
      `${name} (${kid}) was published with its private part once and can never be used again: make a new one`,
    );
  return checked;
}

/** All keys are looked at before anything else is said, so that no key that was given away is overlooked. */
function refusePrivate(keys: readonly (Members | undefined)[]): void {
  const given = keys.flatMap((key, i) => {
    const names = key ? privateMembersOf(key) : [];
    return key && names.length > 0 ? [{ key, names, name: `key ${i + 1}` }] : [];
  });
  if (given.length === 0) return;
  // The costly kind of proof is tried for one key of a set alone.
  const burnt = given.flatMap(({ key, name }, i) => provedKey(key, name, i === 0));
  const names = [...new Set(given.flatMap((one) => one.names))].join(', ');
  const where = given.map(({ name }) => name).join(', ');
  const end =
    burnt.length > 0
      ? 'what is there is known to others now and can never be used again: make new keys'
      : 'publish the public members alone';
  throw refusal(
    `The set has private members (${names}) in ${where}; ${end}`,
    burnt.length > 0 ? new PublishedPrivateKeys(burnt) : undefined,
  );
}

/** Burns only what could be registered and is proved: else anyone could burn the key of somebody else. */
function provedKey(key: Members, name: string, thorough: boolean): readonly string[] {
  let parts: KeyParts;
  try {
    parts = key.kty === 'RSA' ? rsaParts(key, name) : ecParts(key, 'any', name);
  } catch {
    return [];
  }
  return provesPrivateKey(parts, key, thorough) ? [thumbprint(parts)] : [];
}

function checkKid({ kid }: Members, name: string): string {
  if (typeof kid !== 'string' || kid === '') throw refusal(`${name} has no kid`);
  if (kid.length > 128 || !/^[A-Za-z0-9._~-]+$/.test(kid))
    throw refusal(`${name} has a kid that is not 1 to 128 characters of A-Z a-z 0-9 . _ ~ -`);
  return kid;
}

function checkUse({ use }: Members, name: string): Pick<PublicJwk, 'use'> {
  if (use === undefined) return {};
  if (use !== 'sig') throw refusal(`${name} has a use that is not sig`);
  return { use };
}

function checkAlg({ alg }: Members, parts: KeyParts, name: string): Pick<PublicJwk, 'alg'> {
  if (alg === undefined) return {};
  const allowed =
    parts.kty === 'RSA' ? ['RS512', 'RS384', 'RS256'] : [parts.crv === 'P-256' ? 'ES256' : 'ES384'];
  if (typeof alg !== 'string' || !allowed.includes(alg))
    throw refusal(`${name} has an alg that is not ${allowed.join(' or ')}, as its type needs`);
  return { alg };
}

type KeyParts = Pick<PublicJwk, 'kty' | 'n' | 'e' | 'crv' | 'x' | 'y'>;

const fewestBits = 2048;
const mostBits = 8192;

function rsaParts(key: Members, name: string): KeyParts {
  const n = numberOf(key.n, mostBits / 8);
  if (!n) throw refusal(`${name} has no modulus n of at most ${mostBits} bits in base64url`);
  const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
  if (bits < fewestBits)
    throw refusal(
      `${name} has a modulus of ${bits} bits; between ${fewestBits} and ${mostBits} are needed`,
    );
  if (((n.at(-1) ?? 0) & 1) === 0)
    throw refusal(`${name} has an even modulus, so it is no RSA key`);
  const e = numberOf(key.e, 8)?.toString('base64url');
  if (e !== 'AQAB') throw refusal(`${name} has an exponent e that is not 65537 (AQAB)`);
  return { kty: 'RSA', n: n.toString('base64url'), e };
}

/** A positive number in base64url, without leading zeros, which some libraries add. */
function numberOf(text: unknown, mostBytes: number): Buffer | undefined {
  const bytes = bytesOf(text, mostBytes + 1);
  const first = bytes?.findIndex((byte) => byte !== 0) ?? -1;
  const number = first < 0 ? undefined : bytes?.subarray(first);
  return number && number.length <= mostBytes ? number : undefined;
}

const coordinateBytes = new Map<unknown, number>([
  ['P-256', 32],
  ['P-384', 48],
]);

function ecParts(key: Members, face: KeyFace, name: string): KeyParts {
  const { kty, crv, x, y } = key;
  if (kty !== 'EC' || face === 'nhs')
    throw refusal(`${name} has a kty that is not ${face === 'nhs' ? 'RSA' : 'RSA or EC'}`);
  const length = coordinateBytes.get(crv);
  if (length === undefined) throw refusal(`${name} is on a curve that is not P-256 or P-384`);
  const sound = [x, y].every((part) => bytesOf(part, length)?.length === length);
  const parts = { kty, crv: String(crv), x: String(x), y: String(y) } as const;
  if (!sound || !isOnCurve(parts))
    throw refusal(`${name} has x and y that are no point of its curve`);
  return parts;
}

function isOnCurve(parts: KeyParts): boolean {
  try {
    createPublicKey({ key: { ...parts }, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

/** Bytes in their one spelling as base64url without padding, at most so many. */
function bytesOf(text: unknown, most: number): Buffer | undefined {
  if (typeof text !== 'string' || text.length > Math.ceil((most * 4) / 3)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function asObject(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Members) // a JSON object
    : undefined;
}

function refusal(message: string, cause?: PublishedPrivateKeys): Problem {
  return new Problem('invalid', message, cause ? { cause } : {});
}
