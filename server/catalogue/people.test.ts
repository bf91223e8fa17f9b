import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import {
  administrationGround,
  actorOf,
  publicJwk,
  type AdministrationGround,
} from '../../test/administration-ground.ts';
import { readSecretFile, writeSecretFile } from '../key-files.ts';
import {
  administratorCollection,
  ensureFirstAdministrator,
  newClientId,
  parseCredential,
} from './people.ts';

const newKeyPair = () =>
  Promise.resolve(
    generateKeyPairSync('ec', {
      namedCurve: 'P-384',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    }).privateKey,
  );

describe('the first administrator', () => {
  let ground: AdministrationGround;
  let file: string;
  beforeEach(async () => {
    ground = await administrationGround();
    file = join(ground.dir, 'administrator.json');
  });
  afterEach(() => ground.end());

  const ensure = (
    write = (text: string) => {
      writeSecretFile(file, text);
    },
  ) =>
    ensureFirstAdministrator({
      store: ground.store,
      clock: ground.clock,
      file: { read: () => readSecretFile(file), write },
      newKeyPair,
      tokenUrl: 'http://localhost:9000/management/token',
      managementUrl: 'http://localhost:9000/management/v1',
    });

  const all = async () =>
    (await ground.store.open(administratorCollection).find({ index: 'all', equals: ['all'] }))
      .items;

  it('is made once, with a credential only its owner can read', async () => {
    assert.deepEqual(await ensure(), { made: true });
    assert.deepEqual(await ensure(), { made: false });
    const credential = parseCredential(readSecretFile(file) ?? '');
    const [first, ...others] = await all();
    assert.deepEqual(others, []);
    assert.equal(first?.id, credential.clientId);
    assert.equal(first.value.role, 'administrator');
    assert.equal(first.value.keys[0]?.kid, credential.kid);
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('keeps no private key in the store', async () => {
    await ensure();
    const [first] = await all();
    assert.doesNotMatch(first?.text ?? '', /"d":|PRIVATE/);
  });

  it('goes on with the same key when it was killed between the file and the store', async () => {
    const killed = ensure((text) => {
      writeSecretFile(file, text);
      throw new Error('killed');
    });
    await assert.rejects(killed, /killed/);
    assert.deepEqual(await all(), []);
    const before = readSecretFile(file);
    assert.deepEqual(await ensure(), { made: true });
    assert.equal(readSecretFile(file), before);
    assert.equal((await all())[0]?.id, parseCredential(before ?? '').clientId);
  });

  it('leaves an administrator alone whose file was taken elsewhere', async () => {
    await ground.administration.people.create(actorOf('administrator'), {
      name: 'Somebody',
      role: 'auditor',
      organisation: '*',
      keys: [publicJwk('a')],
    });
    assert.deepEqual(await ensure(), { made: false });
    assert.equal(readSecretFile(file), undefined);
  });

  it('refuses a file that holds no credential, and quotes nothing of it', async () => {
    for (const text of ['not json SECRET', '[]', '{"clientId":"SECRET"}']) {
      const refused = ensureFirstAdministrator({
        store: ground.store,
        clock: ground.clock,
        file: { read: () => text, write: () => undefined },
        newKeyPair,
        tokenUrl: '',
        managementUrl: '',
      });
      await assert.rejects(
        refused,
        (error) =>
          error instanceof Problem &&
          error.kind === 'unavailable' &&
          !error.message.includes('SECRET') &&
          error.cause === undefined,
      );
    }
  });

  it('gets client ids of 32 letters and digits, each another', () => {
    const ids = new Set(Array.from({ length: 200 }, newClientId));
    assert.equal(ids.size, 200);
    for (const id of ids) assert.match(id, /^[A-Za-z0-9]{32}$/);
  });
});
