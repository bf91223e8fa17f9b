/** A live installation: what it refuses to start with, each by name, and what it does not serve. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import { systemClock } from '../core/clock.ts';
import { createSecrets } from '../server/catalogue/secrets.ts';
import { seedDemo } from '../server/catalogue/demo.ts';
import { newRsaKey } from '../server/key-files.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const live = { INSTALLATION: 'live', PUBLIC_URL: 'https://api.example.org' };

describe('a live installation', () => {
  const folders: string[] = [];
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'gatehouse-live-'));
    folders.push(made);
    return made;
  };
  after(() => {
    for (const each of folders) rmSync(each, { recursive: true, force: true });
  });

  const start = (environment: Record<string, string>, dataDir = folder()) =>
    startTestPlatform({ dataDir, environment: { ...live, ...environment }, withoutDefaults: true });

  /** The sentences with which a start is refused. */
  const refusal = async (
    environment: Record<string, string>,
    dataDir?: string,
  ): Promise<string> => {
    let platform: TestPlatform;
    try {
      platform = await start(environment, dataDir);
    } catch (error) {
      assert.ok(error instanceof Problem, String(error));
      return error.message;
    }
    await platform.end();
    return assert.fail('it started');
  };

  const provider = (more: object) => ({
    name: 'one',
    kind: 'nhs-cis2',
    issuer: 'https://am.example.org/cis2',
    environments: ['production'],
    clientId: 'gatehouse',
    authentication: { method: 'client_secret_post', secretFile: secretFile() },
    ...more,
  });
  let secret = '';
  const secretFile = () => {
    if (secret === '') {
      secret = join(folder(), 'provider.secret');
      writeFileSync(secret, 'a secret', { mode: 0o600 });
    }
    return secret;
  };
  const providersFile = (...entries: readonly object[]) => {
    const file = join(folder(), 'providers.json');
    writeFileSync(file, JSON.stringify(entries));
    return file;
  };

  describe('does not start', () => {
    const settings: readonly (readonly [Record<string, string>, ...names: RegExp[]])[] = [
      [{ PUBLIC_URL: '' }, /PUBLIC_URL must be given/],
      [
        { PUBLIC_URL: 'http://api.example.org' },
        /PUBLIC_URL must be https; it is "http:\/\/api.example.org"/,
      ],
      [{ PUBLIC_URL: 'http://localhost:9000' }, /PUBLIC_URL must be https/],
      [{ LOCAL_ADDRESSES: 'allow' }, /LOCAL_ADDRESSES may not be allow/],
      [{ STORE_SYNC_DELAY_MS: '1' }, /STORE_SYNC_DELAY_MS may not be set/],
      [
        { PUBLIC_URL: 'http://x', LOCAL_ADDRESSES: 'allow', STORE_SYNC_DELAY_MS: '5' },
        /PUBLIC_URL/,
        /LOCAL_ADDRESSES/,
        /STORE_SYNC_DELAY_MS/,
      ],
    ];
    for (const [environment, ...names] of settings)
      it(`with ${JSON.stringify(environment)}, naming each`, async () => {
        const sentences = await refusal(environment);
        for (const name of names) assert.match(sentences, name);
        assert.equal(sentences.split('\n').length, names.length, sentences);
      });

    const entries: Readonly<Record<string, readonly [object, RegExp]>> = {
      'a plain http issuer': [
        { issuer: 'http://am.example.org/cis2' },
        /issuer of identity provider one must be https; it is http:\/\/am\.example\.org\/cis2/,
      ],
      'a realm of a simulated CIS2': [
        { issuer: 'https://api.example.org/realms/Cis2-mock-int' },
        /identity provider one may not be a simulated one/,
      ],
      'a realm of a simulated NHS login': [
        { issuer: 'https://other.example.org/realms/NHS-Login-mock-dev', kind: 'nhs-login' },
        /identity provider one may not be a simulated one/,
      ],
      'a label of a simulated provider': [
        { label: 'apim-mock-nhs-cis2' },
        /identity provider one may not be a simulated one/,
      ],
    };
    for (const [name, [entry, sentence]] of Object.entries(entries))
      it(`with ${name} among the identity providers`, async () => {
        const IDENTITY_PROVIDERS = providersFile(provider({ name: 'good' }), provider(entry));
        const sentences = await refusal({ IDENTITY_PROVIDERS });
        assert.match(sentences, sentence);
        assert.doesNotMatch(sentences, /good/);
      });

    it('with two wrong entries, naming both', async () => {
      const IDENTITY_PROVIDERS = providersFile(
        provider({ name: 'first', issuer: 'http://a.example' }),
        provider({ name: 'second', issuer: 'https://a.example/realms/Cis2-mock-x' }),
      );
      const sentences = await refusal({ IDENTITY_PROVIDERS });
      assert.match(sentences, /first/);
      assert.match(sentences, /second/);
    });

    it('without the file of identity providers that it was told of', async () => {
      assert.match(await refusal({ IDENTITY_PROVIDERS: '/nowhere.json' }), /no such file/);
    });

    it('with a provider’s secret that others can read', async () => {
      const file = join(folder(), 'open.secret');
      writeFileSync(file, 'a secret');
      chmodSync(file, 0o644);
      const authentication = { method: 'client_secret_post', secretFile: file };
      const IDENTITY_PROVIDERS = providersFile(provider({ authentication }));
      assert.match(
        await refusal({ IDENTITY_PROVIDERS }),
        /Others can read the key file .*chmod 600/,
      );
    });

    it('on the data of a laptop, whose demo apps have their keys beside them', async () => {
      const dataDir = folder();
      const store = await openEmbeddedStore({ dir: dataDir });
      await seedDemo({
        store,
        secrets: createSecrets(Buffer.alloc(32, 1)),
        clock: systemClock,
        files: { read: () => undefined, write: () => undefined },
        newKeyPair: () => newRsaKey(2048),
        redirectUris: [],
        launchUrl: '',
        say: () => undefined,
      });
      await store.close();
      const sentence = await refusal({}, dataDir);
      assert.match(sentence, /demo apps of a laptop installation/);
      assert.ok(sentence.includes(dataDir));
    });
  });

  it('is not needed for production to refuse a simulated provider', async () => {
    const entry = provider({ issuer: 'http://localhost:9000/realms/Cis2-mock-int' });
    const environment = { INSTALLATION: 'laptop', PUBLIC_URL: '' };
    const sentence = await refusal({ ...environment, IDENTITY_PROVIDERS: providersFile(entry) });
    assert.match(sentence, /identity provider one may not be a simulated one in production/);
  });

  describe('that has started', () => {
    let platform: TestPlatform;
    before(async function () {
      this.timeout(30_000);
      const real = provider({ name: 'real' });
      platform = await start({ IDENTITY_PROVIDERS: providersFile(real) });
    });
    after(() => platform.end());
    const status = async (path: string) =>
      (await fetch(platform.url + path, { redirect: 'manual' })).status;

    const absent = ['Cis2-mock', 'NHS-Login-mock'].flatMap((realm) =>
      ['int', 'sandbox', 'dev', 'ref', 'prod'].map(
        (name) => `/realms/${realm}-${name}/.well-known/openid-configuration`,
      ),
    );
    it('serves no simulated provider, no simulated face and no helper of theirs', async () => {
      for (const prefix of ['', '/env/int', '/env/sandbox', '/env/production'])
        for (const path of [
          ...absent,
          '/oauth2-mock/authorize',
          '/oauth2-mock/token',
          '/oauth2-mock/_ping',
          '/mock-jwks/keycloak-client-credentials',
        ])
          assert.equal(await status(prefix + path), 404, prefix + path);
    });

    it('is production where no environment is named, at its https address', async () => {
      for (const path of ['', '/env/prod', '/env/production']) {
        const answer = await fetch(
          `${platform.url}${path}/oauth2/.well-known/openid-configuration`,
        );
        const { issuer } = (await answer.json()) as { issuer: string };
        assert.ok(issuer.startsWith('https://api.example.org'), issuer);
      }
    });

    it('has no demo app and none of its keys', async () => {
      assert.ok(!readdirSync(platform.dataDir).includes('demo'));
      const keys = readdirSync(join(platform.dataDir, 'keys'));
      assert.deepEqual(
        keys.filter((name) => /simulated|nhs-login-client/.test(name)),
        [],
      );
      const query = 'client_id=demo-app-int&redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fcallback';
      assert.equal(
        await status(`/env/int/oauth2/authorize?${query}&response_type=code&state=s`),
        401,
      );
    });

    it('keeps its open lane to the sandbox', async () => {
      const patient = '/personal-demographics/FHIR/R4/Patient/9000000009';
      assert.equal(await status(`/env/int${patient}`), 401);
      assert.equal(await status(patient), 404);
    });

    it('says nothing of demo apps in its welcome', () => {
      assert.doesNotMatch(platform.welcome().join('\n'), /--app demo/);
    });
  });
});
