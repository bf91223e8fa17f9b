/**
 * The platform's own signing keys (RFC 7517), for id_tokens of the SMART face: RSA 2048 for RS256 and P-256 for ES256,
 * each replaced every 90 days. A new key is published a day before it signs, an old one until a day after its last token
 * has ended. Owns that calendar and the files; private halves leave this module only as signatures.
 */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign as signData,
  type KeyObject,
} from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PublicJwk } from '../catalogue/apps.ts';
import { thumbprint } from '../catalogue/thumbprint.ts';

export type PlatformAlgorithm = 'RS256' | 'ES256';

export interface SigningKeys {
  /** The `kid` of the key that signs now. */
  current(algorithm: PlatformAlgorithm): Promise<string>;
  /** A JWS signature over `data` by a published key (RFC 7515). @throws when there is no such key. */
  sign(kid: string, data: string): Promise<Buffer>;
  /** The public halves of all keys whose signatures may be met. */
  published(): Promise<readonly PublicJwk[]>;
}

export interface SigningKeyOptions {
  /** The folder of the keys; made when it is not there. */
  readonly dir: string;
  /** How secret files are kept and RSA keys made: server/key-files.ts has all three. */
  readonly files: {
    readonly readSecretFile: (file: string) => string | undefined;
    readonly writeSecretFile: (file: string, text: string) => void;
    readonly newRsaKey: () => Promise<string>;
  };
  readonly now: () => number;
}

const day = 24 * 3_600_000;
const period = 90 * day;
/** Published before it signs, so that nobody's copy of the key set lacks it. */
const lead = day;
/** What was signed lives no longer than this. */
const longestToken = 3_600_000;
/** Published after the last token has ended. */
const trail = day;
/** Another process may have made a key; it does not sign before it was published for a day. */
const readAgainAfter = 60_000;

interface SigningKey {
  readonly algorithm: PlatformAlgorithm;
  /** When it begins to sign, milliseconds since the epoch. */
  readonly from: number;
  readonly file: string;
  readonly key: KeyObject;
  readonly jwk: PublicJwk;
}

export function createSigningKeys(options: SigningKeyOptions): SigningKeys {
  // One after the other, so that a key that is due is made once. A failure is forgotten and the folder read again.
  let turn: Promise<readonly SigningKey[] | undefined> = Promise.resolve(undefined);
  let readAt = Number.NEGATIVE_INFINITY;
  const keys = () => {
    const tended = turn
      .catch(() => undefined)
      .then(async (held) => {
        const now = options.now();
        if (held && Math.abs(now - readAt) < readAgainAfter) return tend(options, held);
        readAt = now;
        return tend(options, load(options));
      });
    turn = tended;
    return tended;
  };
  return {
    async current(algorithm) {
      const begun = (await keys()).filter(
        (one) => one.algorithm === algorithm && one.from <= options.now(),
      );
      const key = begun.at(-1);
      if (!key) throw new Error(`there is no key for ${algorithm}`); // one is made at first need
      return key.jwk.kid;
    },
    async sign(kid, data) {
      const found = (await keys()).find(({ jwk }) => jwk.kid === kid);
      if (!found) throw new Error('there is no signing key with this kid');
      return signature(found, data);
    },
    published: async () => (await keys()).map(({ jwk }) => jwk),
  };
}

/** Whether the key in the file `name`, of all these files, is needed no more; false for a file that is no such key. */
export function signingKeyOver(name: string, names: readonly string[], now: number): boolean {
  const [, algorithm = '', seconds = ''] = fileShape.exec(name) ?? [];
  return names.some((other) => {
    const [, otherAlgorithm, begins] = fileShape.exec(other) ?? [];
    const follows = algorithm === otherAlgorithm && Number(begins) > Number(seconds);
    return follows && isEnded(Number(begins) * 1000, now);
  });
}

function signature({ algorithm, key }: SigningKey, data: string): Buffer {
  return algorithm === 'RS256'
    ? signData('sha256', Buffer.from(data), { key, padding: constants.RSA_PKCS1_PADDING })
    : signData('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' });
}

/** Makes what is due, removes what nobody needs any more; gives the keys by algorithm, the oldest first. */
async function tend(
  options: SigningKeyOptions,
  held: readonly SigningKey[],
): Promise<readonly SigningKey[]> {
  const algorithms: readonly PlatformAlgorithm[] = ['RS256', 'ES256'];
  const tended: SigningKey[] = [];
  for (const algorithm of algorithms) {
    const own = held.filter((key) => key.algorithm === algorithm);
    const from = nextBegin(own.at(-1), options.now());
    if (from !== undefined) own.push(await make(options, algorithm, from));
    const over = own.filter((_, index) => isOver(own[index + 1], options.now()));
    for (const { file } of over) rmSync(join(options.dir, file), { force: true });
    tended.push(...own.filter((key) => !over.includes(key)));
  }
  return tended;
}

/** When a key that must be made now begins to sign; undefined while the newest will do. */
function nextBegin(newest: SigningKey | undefined, now: number): number | undefined {
  if (!newest) return toSecond(now);
  const due = newest.from + period;
  return now < due - lead ? undefined : toSecond(Math.max(due, now + lead) + 999);
}

/** Whether what came before `next` has signed its last token so long ago that nobody checks one any more. */
function isOver(next: SigningKey | undefined, now: number): boolean {
  return next !== undefined && isEnded(next.from, now);
}

/** Of the key before one that began at `from`. */
function isEnded(from: number, now: number): boolean {
  return now >= from + longestToken + trail;
}

function toSecond(time: number): number {
  return Math.floor(time / 1000) * 1000;
}

// ---- files: <algorithm>-<when it begins to sign, in seconds>.pem ----

const fileShape = /^(RS256|ES256)-([0-9]{9,12})\.pem$/;

function load(options: SigningKeyOptions): readonly SigningKey[] {
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  return readdirSync(options.dir)
    .flatMap((file) => read(options, file) ?? [])
    .sort((a, b) => a.from - b.from);
}

async function make(
  options: SigningKeyOptions,
  algorithm: PlatformAlgorithm,
  from: number,
): Promise<SigningKey> {
  const file = `${algorithm}-${from / 1000}.pem`;
  options.files.writeSecretFile(
    join(options.dir, file),
    algorithm === 'RS256' ? await options.files.newRsaKey() : newEcKey(),
  );
  const made = read(options, file);
  if (!made) throw new Error(`the signing key ${file} cannot be read`);
  return made;
}

function newEcKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
}

function read({ dir, files }: SigningKeyOptions, file: string): SigningKey | undefined {
  const [, algorithm, seconds] = fileShape.exec(file) ?? [];
  const pem = algorithm === undefined ? undefined : files.readSecretFile(join(dir, file));
  if (pem === undefined) return undefined;
  const key = createPrivateKey(pem);
  const alg = algorithm === 'ES256' ? 'ES256' : 'RS256';
  return { algorithm: alg, from: Number(seconds) * 1000, file, key, jwk: toJwk(key, alg) };
}

/** Member by member, so that nothing private can slip in. */
function toJwk(key: KeyObject, alg: PlatformAlgorithm): PublicJwk {
  const {
    n = '',
    e = '',
    crv = '',
    x = '',
    y = '',
  } = createPublicKey(key).export({
    format: 'jwk',
  });
  const members =
    alg === 'RS256' ? ({ kty: 'RSA', n, e } as const) : ({ kty: 'EC', crv, x, y } as const);
  return { ...members, kid: thumbprint(members), use: 'sig', alg };
}
