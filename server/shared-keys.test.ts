import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import { testKey } from '../test/token-ground.ts';
import { createSealer } from './auth/sealing.ts';
import { randomKey, readSecretFile, writeSecretFile } from './key-files.ts';
import { agreeOnKeys, fingerprintCollection, shareKeys } from './shared-keys.ts';
import { shareSigningKeys, signingKeyCollection } from './shared-signing-keys.ts';
import { openEmbeddedStore, type EmbeddedStore } from './store/embedded.ts';

const log: Log = { log: () => undefined, child: () => log };
const day = 24 * 3_600_000;

describe('the keys of several machines', () => {
  let dir: string;
  let store: EmbeddedStore;
  /** The data folder of a machine. */
  const machine = (name: string) => join(dir, name);
  const agree = (name: string) =>
    agreeOnKeys(store, { dataDir: machine(name), installation: 'live' });
  /** A machine with the keys of another, as its operator copies them. */
  const copied = (from: string, to: string) => {
    cpSync(join(machine(from), 'keys'), join(machine(to), 'keys'), { recursive: true });
    rmSync(join(machine(to), 'keys', 'machine.key'), { force: true });
  };
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-shared-keys-'));
    store = await openEmbeddedStore({ dir });
    for (const name of ['a', 'b']) randomKey(join(machine(name), 'keys', 'machine.key'));
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  it('are made by the first, and only their fingerprints are in the store', async () => {
    await agree('a');
    const stored = await store.open(fingerprintCollection).get('shared');
    const names = [
      ...['api-secrets.key', 'mesh-shared-production.key', 'mesh.key', 'pepper.key'],
      ...['sealing.key', 'status-api.key'],
    ];
    assert.deepEqual(Object.keys(stored?.value.files ?? {}), names);
    for (const name of names) {
      const text = readFileSync(join(machine('a'), 'keys', name), 'utf8').trim();
      assert.ok(!JSON.stringify(stored).includes(text), name);
    }
  });

  it('let a machine in that has them, and again at its next start', async () => {
    await agree('a');
    copied('a', 'b');
    await agree('b');
    await agree('a');
  });

  it('refuse a machine without them by the names of the files, and leave it none that differ', async () => {
    await agree('a');
    await assert.rejects(agree('b'), {
      kind: 'unavailable',
      message: `The keys in ${join(machine('b'), 'keys')} are not those of the machines that use this MONGO_URL: api-secrets.key is missing, mesh-shared-production.key is missing, mesh.key is missing, pepper.key is missing, sealing.key is missing, status-api.key is missing. Copy the folder keys from one of them, without machine.key and audit.pem, and start again.`,
    });
    assert.deepEqual(readdirSync(join(machine('b'), 'keys')), ['machine.key']);
  });

  it('refuse a machine of which one differs', async () => {
    await agree('a');
    copied('a', 'b');
    rmSync(join(machine('b'), 'keys', 'pepper.key'));
    randomKey(join(machine('b'), 'keys', 'pepper.key'));
    await assert.rejects(agree('b'), /MONGO_URL: pepper\.key differs\. Copy/);
  });

  it('may become more', async () => {
    await agree('a');
    copied('a', 'b');
    writeSecretFile(join(machine('b'), 'keys', 'other', 'new.key'), 'a key of b');
    await agree('b');
    await assert.rejects(agree('a'), /MONGO_URL: other\/new\.key is missing\./);
  });

  it('refuse a file that others can read', async () => {
    await agree('a');
    chmodSync(join(machine('a'), 'keys', 'pepper.key'), 0o644);
    await assert.rejects(agree('a'), /Others can read/);
  });

  it('that sign come to every machine, sealed on their way', async () => {
    const sign = async (name: string) => {
      const config = { dataDir: machine(name), installation: 'live' } as const;
      (await shareKeys(store, config, systemClock, log))();
      const keys = join(machine(name), 'keys', 'signing');
      const print = (file: string) => hash('sha256', readSecretFile(join(keys, file)) ?? '');
      return readdirSync(keys).sort().map((file) => [file, print(file)]); // prettier-ignore
    };
    const first = await sign('a');
    assert.equal(first.length, 2);
    copied('a', 'b');
    rmSync(join(machine('b'), 'keys', 'signing'), { recursive: true });
    assert.deepEqual(await sign('b'), first);
    for (const [file = ''] of first) {
      const travelling = await store.open(signingKeyCollection).get(file);
      assert.ok(travelling && !JSON.stringify(travelling).includes('PRIVATE'));
    }
  });

  it('that sign are the same where two were made at once, and go when they have ended', async () => {
    const sealer = createSealer([Buffer.alloc(32, 1)]);
    const share = (name: string, now: number) =>
      shareSigningKeys({ store, sealer, dir: machine(name), now: () => now });
    const [old, next] = ['ES256-1700000000.pem', 'ES256-1707776000.pem'];
    for (const [i, name] of ['a', 'b'].entries()) {
      writeSecretFile(join(machine(name), old), testKey(0));
      writeSecretFile(join(machine(name), next), testKey(i));
    }
    const begins = 1_707_776_000_000;
    await share('a', begins);
    await share('b', begins);
    assert.equal(readFileSync(join(machine('b'), next), 'utf8').trim(), testKey(0).trim());
    rmSync(join(machine('a'), old)); // as signing-keys.ts does
    await share('a', begins + 2 * day);
    assert.equal(await store.open(signingKeyCollection).get(old), undefined);
    await share('b', begins + 2 * day);
    assert.equal(await store.open(signingKeyCollection).get(old), undefined);
    writeFileSync(join(machine('a'), 'notes.txt'), '');
    await share('a', begins + 2 * day);
    assert.equal(await store.open(signingKeyCollection).count(), 1);
  });
});
