/**
 * The signing keys of one simulated provider: two published, the newer signs, so that what the older signed still
 * verifies after a rotation. Kept as files; made in the background at first need. They prove nothing to anybody else.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, SignJWT, type JWTPayload } from 'jose';
import type { PublicJwk } from '../../catalogue/apps.ts';
import { algorithmOf, type ProviderKind } from './kinds.ts';

/** How secret files are kept and keys made: server/key-files.ts has all three. */
export interface KeyFiles {
  readonly readSecretFile: (file: string) => string | undefined;
  readonly writeSecretFile: (file: string, text: string) => void;
  /** A new RSA key of 2048 bits as PKCS#8 PEM. */
  readonly newRsaKey: () => Promise<string>;
}

export interface SimulatedKeys {
  /** The public halves of the two keys (RFC 7517). */
  published(): Promise<readonly PublicJwk[]>;
  /** A JWT signed with the newer key: RS256 at CIS2, RS512 at NHS login. */
  sign(claims: JWTPayload, typ?: string): Promise<string>;
  /** The same, signed with a key that is not published and never was. */
  signWithUnknownKey(claims: JWTPayload): Promise<string>;
  /** Makes a new key, which signs from now on; the oldest is forgotten. */
  rotate(): Promise<void>;
}

interface SigningKey {
  readonly number: number;
  readonly kid: string;
  readonly key: KeyObject;
  readonly jwk: PublicJwk;
}

/** @param dir the folder of the keys; made when it is not there. */
export function createSimulatedKeys(
  dir: string,
  kind: ProviderKind,
  files: KeyFiles,
): SimulatedKeys {
  const alg = algorithmOf(kind);
  let held: Promise<readonly SigningKey[]> | undefined;
  let unknown: Promise<SigningKey> | undefined;

  const fileOf = (number: number) => join(dir, `${kind}-${number}.pem`);
  const make = async (number: number) => {
    files.writeSecretFile(fileOf(number), await files.newRsaKey());
    return load(number);
  };
  const load = async (number: number) => {
    const pem = files.readSecretFile(fileOf(number));
    if (pem === undefined) throw new Error(`No key file ${fileOf(number)}`);
    return toSigningKey(number, pem, alg);
  };
  const open = async () => {
    const numbers = numbersIn(dir, kind).slice(-2);
    const next = (numbers.at(-1) ?? 0) + 1;
    const missing = [next, next + 1].slice(0, 2 - numbers.length);
    return Promise.all([...numbers.map(load), ...missing.map(make)]);
  };
  // A failure is not kept: the next call tries again.
  const keep = (making: Promise<readonly SigningKey[]>) => {
    held = making;
    making.catch(() => {
      if (held === making) held = undefined;
    });
    return making;
  };
  /** Another process may have made a new key: the folder tells. */
  const keys = async () => {
    const known = await (held ?? keep(open()));
    return numbersIn(dir, kind).at(-1) === last(known).number ? known : keep(open());
  };
  const sign = ({ key, kid }: SigningKey, claims: JWTPayload, typ = 'JWT') =>
    new SignJWT(claims).setProtectedHeader({ alg, typ, kid }).sign(key);

  return {
    published: async () => (await keys()).map(({ jwk }) => jwk),
    sign: async (claims, typ) => sign(last(await keys()), claims, typ),
    async signWithUnknownKey(claims) {
      unknown ??= files.newRsaKey().then((pem) => toSigningKey(0, pem, alg));
      return sign(await unknown, claims);
    },
    async rotate() {
      const before = keys();
      const after = before.then(async (known) => {
        const newest = last(known);
        const made = await make(newest.number + 1);
        for (const { number } of known.slice(0, -1)) rmSync(fileOf(number), { force: true });
        return [newest, made];
      });
      await keep(after);
    },
  };
}

function last(keys: readonly SigningKey[]): SigningKey {
  const key = keys.at(-1);
  if (!key) throw new Error('There is no signing key'); // two are made when there are none
  return key;
}

function numbersIn(dir: string, kind: ProviderKind): number[] {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return readdirSync(dir)
    .filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.pem'))
    .map((name) => Number(name.slice(kind.length + 1, -4)))
    .filter((number) => Number.isSafeInteger(number) && number > 0)
    .sort((a, b) => a - b);
}

async function toSigningKey(
  number: number,
  pem: string,
  alg: 'RS256' | 'RS512',
): Promise<SigningKey> {
  const key = createPrivateKey(pem);
  const { n = '', e = '' } = createPublicKey(key).export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint({ kty: 'RSA', n, e });
  return { number, kid, key, jwk: { kty: 'RSA', kid, use: 'sig', alg, n, e } };
}
