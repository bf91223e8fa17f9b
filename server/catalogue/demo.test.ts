import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  administrationGround,
  type AdministrationGround,
} from '../../test/administration-ground.ts';
import { newRsaKey, readSecretFile, writeSecretFile } from '../key-files.ts';
import { openCatalogue } from './catalogue.ts';
import { demoApps, demoProducts } from './demo-data.ts';
import { demoPresent, seedDemo } from './demo.ts';
import { toPublicJwk } from './people.ts';
import { checkFit, checkScope } from './scopes.ts';

describe('the demonstration', () => {
  let ground: AdministrationGround;
  let said: string[];
  // One key for all: making eight of them would take seconds.
  let key: string;
  before(async () => {
    key = await newRsaKey();
  });
  beforeEach(async () => {
    ground = await administrationGround();
    said = [];
  });
  afterEach(() => ground.end());

  const fileOf = (name: string) => join(ground.dir, 'demo', name);
  const seed = (
    write = (name: string, text: string) => {
      writeSecretFile(fileOf(name), text);
    },
  ) =>
    seedDemo({
      store: ground.store,
      secrets: ground.secrets,
      clock: ground.clock,
      files: { read: (name) => readSecretFile(fileOf(name)), write },
      newKeyPair: () => Promise.resolve(key),
      redirectUris: ['https://example.org/callback'],
      launchUrl: 'https://example.org/launch',
      say: (line) => said.push(line),
    });

  it('is made once, and tells that it is there', async () => {
    assert.equal(await demoPresent(ground.store), false);
    assert.equal(await seed(), true);
    assert.equal(await demoPresent(ground.store), true);
    assert.equal(await seed(), false);
    assert.deepEqual(said, ['Made 9 demo products and 10 demo apps.']);
  });

  it('gives each persona what it is there to show', async () => {
    await seed();
    const catalogue = await openCatalogue(ground.store);
    const of = (clientId: string) => catalogue.client(clientId)?.registration;
    assert.equal(of('demo-app-sandbox')?.state, 'approved');
    assert.equal(of('demo-app-int')?.asid, '200000001115');
    assert.equal(catalogue.client('demo-app-int')?.environment, 'uat');
    assert.equal(of('demo-revoked-sandbox')?.state, 'revoked');
    assert.equal(of('demo-no-key-sandbox')?.keys, undefined);
    assert.equal(of('demo-no-asid-int')?.asid, undefined);
    assert.equal(of('demo-smart-public-sandbox')?.smartAuthentication, 'none');
    assert.deepEqual(of('demo-smart-public-sandbox')?.secrets, []);
    assert.equal(of('demo-bad-key-set-int')?.keys?.kind, 'url');
    const two = of('demo-two-keys-sandbox')?.keys;
    assert.ok(two?.kind === 'value');
    assert.deepEqual(
      two.keys.map(({ kid }) => kid),
      ['demo-1', 'demo-2'],
    );
    assert.deepEqual([...catalogue.scopes('demo-unapproved', 'sandbox')], []);
    assert.equal(catalogue.scopes('demo', 'uat').has('patient/Patient.rs'), true);
    const privileged = 'urn:nhsd:apim:app:level3:privileged-personal-demographics-service';
    assert.equal(catalogue.scopes('demo', 'sandbox').has(privileged), false);
    assert.equal(catalogue.scopes('demo-privileged', 'sandbox').has(privileged), true);
    catalogue.close();
  });

  it('leaves keys and secrets in files that fit what is registered', async () => {
    await seed();
    const catalogue = await openCatalogue(ground.store);
    const registration = catalogue.client('demo-app-int')?.registration;
    catalogue.close();
    const pem = readSecretFile(fileOf('demo-int.pem')) ?? '';
    assert.equal(createPrivateKey(pem).asymmetricKeyType, 'rsa');
    const { keys } = registration ?? {};
    assert.ok(keys?.kind === 'value');
    assert.deepEqual(keys.keys, [toPublicJwk(pem, 'demo-1')]);
    const secret = readSecretFile(fileOf('demo-int.secret')) ?? '';
    assert.equal(
      ground.secrets.matches(secret, registration?.secrets ?? [], ground.clock.now()),
      true,
    );
    if (process.platform !== 'win32')
      assert.equal(statSync(fileOf('demo-int.secret')).mode & 0o777, 0o600);
  });

  it('goes on with the files there are when it was killed', async () => {
    const killed = seed((name, text) => {
      writeSecretFile(fileOf(name), text);
      if (name === 'demo-int.secret') throw new Error('killed');
    });
    await assert.rejects(killed, /killed/);
    const before = readSecretFile(fileOf('demo-sandbox.secret'));
    assert.equal(await seed(), true);
    assert.equal(readSecretFile(fileOf('demo-sandbox.secret')), before);
    const catalogue = await openCatalogue(ground.store);
    const kept = catalogue.client('demo-app-sandbox')?.registration.secrets ?? [];
    catalogue.close();
    assert.equal(ground.secrets.matches(before ?? '', kept, ground.clock.now()), true);
  });

  it('lists scopes that are scopes, and no product an app may not have', () => {
    for (const { scopes } of demoProducts) scopes.forEach(checkScope);
    for (const {
      kinds = ['point-of-care', 'patient-facing', 'unattended'] as const,
      products,
    } of demoApps)
      for (const id of products)
        checkFit(kinds, id, demoProducts.find((product) => product.id === id)?.scopes ?? ['none']);
  });
});
