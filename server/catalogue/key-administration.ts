/**
 * The public keys of a registration: by value, by the address of a key set, or made here for a test environment. A private
 * key is in the answer of the function that made it and nowhere else.
 */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { Problem } from '../../core/problem.ts';
import { turns } from '../../core/turns.ts';
import { checkKeySetUrl } from './addresses.ts';
import { editRegistration, registrationOf, type Place } from './app-administration.ts';
import { appCollection, type App, type PublicJwk, type RegisteredKeys } from './apps.ts';
import { toPublicJwk } from './people.ts';
import { openRecords, type Ground, type Records } from './records.ts';
import { must, type Actor } from './roles.ts';

export interface KeyAdministration {
  /** Registers public keys by value, in place of what is registered. @throws Problem for keys that will not do. */
  set(actor: Actor, at: Place, keySet: unknown, expected?: number): Promise<void>;
  /** Registers the address of a key set, in place of what is registered. @throws Problem `invalid` */
  setUrl(actor: Actor, at: Place, url: string, expected?: number): Promise<void>;
  /**
   * Makes an RSA key pair and registers its public half beside the others. Refused for production.
   * @returns the private half, this once.
   */
  generate(actor: Actor, at: Place, wanted: WantedKey): Promise<MadeKey>;
  /** Reads the registered key set as the authorisation server would, and says whether it will do. Changes nothing. */
  check(actor: Actor, at: Place): Promise<KeyReport>;
}

export interface WantedKey {
  readonly bits: 2048 | 4096;
  /** Absent: the next free `key-1`, `key-2`, … */
  readonly kid?: string;
}

export interface MadeKey {
  readonly kid: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
}

export interface KeyReport {
  readonly good: boolean;
  /** What is wrong, in a sentence; absent when all is good. */
  readonly fault?: string;
  readonly keys: readonly Pick<PublicJwk, 'kid' | 'kty' | 'alg' | 'use' | 'crv'>[];
}

export interface KeyOptions extends Ground {
  /** Throws for a key set that may not be registered. */
  readonly checkKeySet: (value: unknown) => readonly PublicJwk[];
  /** Fetches a key set by its address, within the limits of outgoing calls; rejects when nobody answers. */
  readonly fetchKeySet: (url: string) => Promise<unknown>;
  /** Whether key sets may stand on this machine: only where developers run it. */
  readonly allowLocal: boolean;
}

export function keyAdministration(options: KeyOptions): KeyAdministration {
  const { checkKeySet } = options;
  const records = openRecords(options, appCollection, 'app');
  // A long key takes a thread for seconds, and nothing is written to the audit while all of them are taken.
  const inTurn = turns({
    ...{ most: 1, mostWaiting: 5 },
    refusal: () =>
      new Problem('throttled', 'Too many keys are being made at this moment: try again soon', {
        headers: { 'retry-after': '10' },
      }),
  });
  return {
    async set(actor, at, keySet, expected) {
      const keys = () => ({ kind: 'value', keys: checkKeySet(keySet) }) as const;
      await changeKeys(records, actor, at, 'keys.set', keys, expected);
    },
    async setUrl(actor, at, url, expected) {
      const keys = () => {
        checkKeySetUrl(url, options.allowLocal && at.environment !== 'production');
        return { kind: 'url', url } as const;
      };
      await changeKeys(records, actor, at, 'keys.set', keys, expected);
    },
    generate: (actor, at, wanted) =>
      generateKey({ records, checkKeySet, inTurn }, actor, at, wanted),
    async check(actor, at) {
      const { value: app } = await records.read(at.app);
      must(actor, 'app.read', { organisation: app.owner });
      return report(options, registrationOf(app, at.environment).keys);
    },
  };
}

function changeKeys(
  records: Records<App>,
  actor: Actor,
  { app: id, environment }: Place,
  action: string,
  toKeys: (before: RegisteredKeys | undefined) => RegisteredKeys,
  expected?: number,
) {
  return records.change({
    deed: { actor, action, environment },
    id,
    expected,
    allow: (app) => {
      must(actor, 'app.credentials', { organisation: app.owner });
    },
    edit: (app) =>
      editRegistration(app, environment, (now) => ({ ...now, keys: toKeys(now.keys) })),
  });
}

interface Making extends Pick<KeyOptions, 'checkKeySet'> {
  readonly records: Records<App>;
  readonly inTurn: ReturnType<typeof turns>;
}

async function generateKey(
  { records, checkKeySet, inTurn }: Making,
  actor: Actor,
  at: Place,
  { bits, kid }: WantedKey,
): Promise<MadeKey> {
  const { value: app } = await records.read(at.app);
  must(actor, 'app.credentials', { organisation: app.owner }); // before the work of making a key
  registrationOf(app, at.environment);
  if (at.environment === 'production')
    throw new Problem(
      'forbidden',
      'No private key is made here for production: make the pair where it will be used and register its public half',
      { code: 'PRODUCTION_KEY' },
    );
  const privateKey = await inTurn(() => newRsaKey(bits));
  let name = '';
  await changeKeys(records, actor, at, 'keys.generate', (before) => {
    if (before?.kind === 'url')
      throw new Problem(
        'conflict',
        'The keys of this registration are read from an address; register keys by value first to keep them here',
      );
    const others = before?.keys ?? [];
    name = kid ?? freeName(others);
    return {
      kind: 'value',
      keys: checkKeySet({ keys: [...others, toPublicJwk(privateKey, name)] }),
    };
  });
  return { kid: name, privateKey };
}

function freeName(keys: readonly PublicJwk[]): string {
  for (let n = 1; ; n++) if (!keys.some(({ kid }) => kid === `key-${n}`)) return `key-${n}`;
}

const makePair = promisify(generateKeyPair);

async function newRsaKey(bits: number): Promise<string> {
  const { privateKey } = await makePair('rsa', {
    modulusLength: bits,
    publicExponent: 0x10001,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return privateKey;
}

async function report(
  { fetchKeySet, checkKeySet }: KeyOptions,
  registered: RegisteredKeys | undefined,
): Promise<KeyReport> {
  if (!registered) return { good: false, fault: 'No key is registered', keys: [] };
  try {
    const keySet =
      registered.kind === 'url' ? await fetchKeySet(registered.url) : { keys: registered.keys };
    return { good: true, keys: checkKeySet(keySet).map(toShownKey) };
  } catch (error) {
    const fault =
      error instanceof Problem && error.kind !== 'internal'
        ? error.message
        : 'The key set cannot be read';
    return { good: false, fault, keys: [] };
  }
}

/** What is shown of a key: enough to tell it from others. */
export function toShownKey({ kid, kty, alg, use, crv }: PublicJwk): KeyReport['keys'][number] {
  return {
    kid,
    kty,
    ...(alg === undefined ? {} : { alg }),
    ...(use === undefined ? {} : { use }),
    ...(crv === undefined ? {} : { crv }),
  };
}
