/**
 * Whether this machine has the keys that the others over the same store have: with other keys it would refuse their
 * callers' secrets and could not open what they sealed. Fingerprints of the files are kept in the store by the first
 * machine that knows them. Owns which files those are and that check; the keys themselves are never in the store.
 */
import { hash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import type { CollectionOf, Stored } from '../core/store.ts';
import { createSealer } from './auth/sealing.ts';
import { createSimulatedKeys } from './auth/simulated/keys.ts';
import { createSigningKeys } from './auth/signing-keys.ts';
import { newSecret } from './auth/tokens.ts';
import type { Config } from './config.ts';
import { newRsaKey, randomKey, readOrMake, readSecretFile, writeSecretFile } from './key-files.ts';
import { shareSigningKeys } from './shared-signing-keys.ts';
import type { ServedStore } from './store/served.ts';

/** Fingerprints by the name of the file below `keys/`. */
export interface KeyFingerprints {
  readonly files: Readonly<Record<string, string>>;
}

export const fingerprintCollection: CollectionOf<KeyFingerprints> = { name: 'platform.keys' };

/** Milliseconds between looks for signing keys that another machine has made; they are published for a day before use. */
const lookEvery = 30_000;

/**
 * What a machine does about its keys when it has opened the store: agrees, and has all signing keys from then on.
 * Gives what ends that.
 * @throws Problem as agreeOnKeys
 */
export async function shareKeys(
  store: ServedStore,
  config: Pick<Config, 'dataDir' | 'installation'>,
  clock: Clock,
  log: Log,
): Promise<() => void> {
  const keys = join(resolve(config.dataDir), 'keys');
  const dir = join(keys, 'signing');
  const now = () => clock.now();
  await agreeOnKeys(store, config);
  const sealer = createSealer([randomKey(join(keys, 'sealing.key'))]);
  const share = () => shareSigningKeys({ store, sealer, dir, now });
  await store.alone('keys', async () => {
    await share();
    await createSigningKeys({ dir, files, now }).published(); // the first machine makes them, before another could
    await share();
  });
  const timer = setInterval(() => {
    share().catch((error: unknown) => {
      const { kind } = Problem.from(error);
      if (kind !== 'unavailable') log.log('error', 'signing keys could not be shared', { kind });
    });
  }, lookEvery).unref();
  return () => {
    clearInterval(timer);
  };
}

/** Each machine has its own: its name in the store, and the key that signs its audit. */
const ownFiles = new Set(['machine.key', 'audit.pem']);
const id = 'shared';
const files = { readSecretFile, writeSecretFile, newRsaKey: () => newRsaKey() };

/**
 * Compares the key files of this machine with what the machines before it had, and adds what they did not know. The first
 * of all makes the keys that it lacks.
 * @throws Problem `unavailable` that names the files which differ or are missing, and what to do
 */
export function agreeOnKeys(
  store: ServedStore,
  { dataDir, installation }: Pick<Config, 'dataDir' | 'installation'>,
): Promise<void> {
  const keys = join(resolve(dataDir), 'keys');
  return store.alone('keys', async () => {
    const fingerprints = store.open(fingerprintCollection);
    const stored = await fingerprints.get(id);
    if (!stored) await makeKeys(keys, installation === 'laptop');
    makeSecrets(keys, new Set(Object.keys(stored?.value.files ?? {})));
    const here = fingerprintsIn(keys);
    refuseOthers(keys, stored, here);
    const known = { ...stored?.value.files, ...here };
    if (Object.keys(known).length > Object.keys(stored?.value.files ?? {}).length)
      await fingerprints.put(id, { files: known }, { expected: stored?.version ?? 0, by: 'start' });
  });
}

/**
 * What their users would make later, and each machine anew. Of a name that no machine has had (a newer version needs it) the
 * first to start makes the key, and the others are told to copy it.
 */
function makeSecrets(keys: string, known: ReadonlySet<string>): void {
  for (const name of ['pepper.key', 'sealing.key', 'api-secrets.key', 'mesh.key'])
    if (!known.has(name)) randomKey(join(keys, name));
  for (const name of ['mesh-shared-production.key', 'status-api.key'])
    if (!known.has(name)) readOrMake(join(keys, name), newSecret);
}

/** The same for the keys that a laptop has beside. */
async function makeKeys(keys: string, laptop: boolean): Promise<void> {
  if (!laptop) return;
  const client = join(keys, 'nhs-login-client.pem');
  if (readSecretFile(client) === undefined) writeSecretFile(client, await newRsaKey());
  // Those of the simulated identity providers, so that they are there to be copied.
  for (const kind of ['nhs-cis2', 'nhs-login'] as const)
    await createSimulatedKeys(join(keys, 'simulated'), kind, files).published();
}

function refuseOthers(
  keys: string,
  stored: Stored<KeyFingerprints> | undefined,
  here: Readonly<Record<string, string>>,
): void {
  const wrong = Object.entries(stored?.value.files ?? {})
    .filter(([name, print]) => here[name] !== print)
    .map(([name]) => `${name} ${here[name] === undefined ? 'is missing' : 'differs'}`);
  if (wrong.length > 0)
    throw new Problem(
      'unavailable',
      `The keys in ${keys} are not those of the machines that use this MONGO_URL: ${wrong.join(', ')}. Copy the folder keys from one of them, without machine.key and audit.pem, and start again.`,
    );
}

/** Of all shared files that are here. A file that others can read is refused. */
function fingerprintsIn(keys: string): Record<string, string> {
  const names = readdirSync(keys, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.(key|pem)$/.test(name) && !ownFiles.has(name) && !rotates(name))
    .sort();
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = readSecretFile(join(keys, name));
      return text === undefined ? [] : [[name, fingerprint(name, text)]];
    }),
  );
}

/** Signing keys come and go by themselves (shared-signing-keys.ts), the simulated providers' by a rehearsal. */
function rotates(name: string): boolean {
  return name.startsWith('signing/') || name.startsWith('simulated/');
}

/** Hashed once more with a label, so that it is no hash of the file anybody could meet elsewhere. */
function fingerprint(name: string, text: string): string {
  return hash('sha256', `gatehouse key file ${name} ${hash('sha256', text, 'hex')}`, 'hex');
}
