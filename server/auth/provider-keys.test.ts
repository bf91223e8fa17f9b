import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createProviderKeys } from './provider-keys.ts';
import { providerOf } from './providers.ts';

const issuer = 'https://p.example';
const provider = providerOf({
  ...{ name: 'p', kind: 'nhs-cis2', issuer, clientId: 'us' },
  ...{ environments: ['uat'], faces: ['/oauth2'] },
  authentication: { method: 'client_secret_post', secret: 's' },
});
const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });

describe('keys of identity providers', () => {
  const clock = { time: 0 };
  let documents: Record<string, unknown>;
  let fetched: string[];
  const make = () =>
    createProviderKeys(
      (url) => {
        fetched.push(url);
        return url in documents
          ? Promise.resolve(documents[url])
          : Promise.reject(new Error('away'));
      },
      () => clock.time,
    );
  const publish = (...kids: string[]) => {
    documents[`${issuer}/keys`] = { keys: kids.map((kid) => ({ ...jwk, kid })) };
  };
  beforeEach(() => {
    clock.time = Date.UTC(2026, 5, 1);
    fetched = [];
    documents = {
      [`${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/keys` },
    };
    publish('one');
  });
  const kids = async (keys: ReturnType<typeof make>, kid: string) =>
    (await keys.keysOf(provider, kid)).map((key) => key.kid);

  it('are read once, also when twenty ask at once, and kept for a day', async () => {
    const keys = make();
    const all = await Promise.all(Array.from({ length: 20 }, () => kids(keys, 'one')));
    assert.deepEqual(new Set(all.flat()), new Set(['one']));
    assert.equal(fetched.length, 2);
    clock.time += 24 * 3_600_000 - 1;
    await kids(keys, 'one');
    assert.equal(fetched.length, 2);
    clock.time += 1;
    await kids(keys, 'one');
    assert.equal(fetched.length, 4);
  });

  it('are read again for a kid that is not there, at most each 30 s', async () => {
    const keys = make();
    await kids(keys, 'one');
    publish('one', 'two');
    for (let i = 0; i < 10; i++) assert.deepEqual(await kids(keys, `unknown-${i}`), ['one']);
    assert.equal(fetched.length, 2);
    clock.time += 30_000;
    assert.deepEqual(await kids(keys, 'two'), ['one', 'two']);
    assert.equal(fetched.length, 4);
  });

  it('are only RSA keys to sign with, that have a name', async () => {
    documents[`${issuer}/keys`] = {
      keys: [
        { ...jwk, kid: 'good', use: 'sig' },
        { ...jwk, kid: 'to encrypt', use: 'enc' },
        jwk,
        { kty: 'oct', kid: 'secret', k: 'AAAA' },
        { kty: 'EC', kid: 'ec' },
      ],
    };
    assert.deepEqual(await kids(make(), 'x'), ['good']);
  });

  it('are not to be had from a document that is another’s, wrong or away, and asked for again', async () => {
    const at = `${issuer}/.well-known/openid-configuration`;
    for (const document of [
      { issuer: 'https://evil.example', jwks_uri: `${issuer}/keys` },
      { issuer: `${issuer}/`, jwks_uri: `${issuer}/keys` },
      { issuer },
      { issuer, jwks_uri: `${issuer}/away` },
      [],
      null,
    ]) {
      documents[at] = document;
      await assert.rejects(make().keysOf(provider, 'one'), Error, JSON.stringify(document));
    }
    documents[at] = { issuer, jwks_uri: `${issuer}/keys` };
    for (const set of [{ keys: 'x' }, {}, { keys: Array(101).fill(jwk) }]) {
      documents[`${issuer}/keys`] = set;
      await assert.rejects(make().keysOf(provider, 'one'), Error, JSON.stringify(set).slice(0, 80));
    }
    const keys = make();
    await assert.rejects(keys.keysOf(provider, 'one'));
    publish('one');
    await assert.rejects(
      keys.keysOf(provider, 'one'),
      'a provider that failed is let be for a while',
    );
    clock.time += 30_000;
    assert.deepEqual(await kids(keys, 'one'), ['one']);
  });
});
