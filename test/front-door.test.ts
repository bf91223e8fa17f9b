/** What the gateway promises of every API: who gets in, how much, unchanged, audited, and in which of the five environments. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal, textIn } from '../scripts/gatehouse/client.ts';
import { searchAudit } from '../server/audit/search.ts';
import { verifyAudit } from '../server/audit/verify.ts';
import { environments, publicName } from '../server/catalogue/environments.ts';
import type { PolicyUse } from '../server/catalogue/proxies.ts';
import { loadConfig } from '../server/config.ts';
import { hostingGround, sha256, type HostingGround } from './hosting-ground.ts';
import { newAccount } from './hub-ground.ts';

const unprocessable = (reason: RegExp) => (error: unknown) =>
  error instanceof Refusal &&
  error.kind === 'unprocessable' &&
  reason.test(`${error.message} ${JSON.stringify(error.faults)}`);

describe('the front door', function () {
  this.timeout(30_000);
  let ground: HostingGround;
  before(async function () {
    this.timeout(60_000); // keys are made, which is dear
    ground = await hostingGround();
  });
  afterEach(() => {
    ground.answer(undefined);
    ground.clock.shift = 0;
  });
  after(() => ground.end());

  const get = (path: string, headers: Record<string, string> = {}) =>
    ground.call(path, { headers });
  /** Of an app that somebody has let into production, and whose subscription somebody else has approved. */
  const productionKey = async (id: string): Promise<string> => {
    const { manage } = ground;
    const fields = {
      name: 'Live',
      owner: 'Y90001',
      kinds: ['unattended'],
      contact: 'a@example.org',
    };
    const app = textIn((await manage.call('POST', '/apps', { body: fields })).body, 'id');
    const place = `/apps/${app}/registrations/production`;
    await manage.call('POST', place);
    await manage.call('PUT', `${place}/state`, { body: { state: 'approved' }, ifMatch: '*' });
    const wish = { app, product: id, environment: 'production' };
    const subscription = textIn(
      (await manage.call('POST', '/subscriptions', { body: wish })).body,
      'id',
    );
    const other = await ground.as('administrator', '*');
    const state = `/subscriptions/${subscription}/state`;
    await other.call('PUT', state, { body: { state: 'active' }, ifMatch: '*' });
    const keys = `/subscriptions/${subscription}/keys/primary`;
    return textIn((await manage.call('POST', keys, { body: {} })).body, 'key');
  };
  const product = (id: string, fields: object = {}) =>
    ground.manage.call('POST', '/products', { body: { id, name: id, apis: [id], ...fields } });

  it('R007 limits each app by itself: who has used the limit up gets 429, another app goes on', async () => {
    await ground.api('counted');
    const policies = [
      { policy: 'api-key' },
      { policy: 'subscription' },
      { policy: 'product-limits' },
    ];
    await ground.deploy('counted', 'dev', ground.definition('counted', policies));
    await product('counted', { limits: { quota: { limit: 3, interval: 1, unit: 'minute' } } });
    const [one, two] = [
      await ground.key('counted', 'development'),
      await ground.key('counted', 'development'),
    ];
    const status = async ({ key }: { key: string }) =>
      (await get('/env/dev/counted/x', { apikey: key })).status;
    const seen: number[] = [];
    for (let call = 0; call < 5; call++) seen.push(await status(one));
    assert.deepEqual(seen, [200, 200, 200, 429, 429]);
    assert.equal(await status(two), 200);
  });

  it('R078 limits an API as a whole and each app, and tells in the headers how both stand', async () => {
    await ground.api('limited');
    const policies: readonly PolicyUse[] = [
      { policy: 'api-key' },
      { policy: 'quota', config: { limit: 4, by: 'proxy' } },
      { policy: 'quota', config: { limit: 3, by: 'app' } },
    ];
    await ground.deploy('limited', 'dev', ground.definition('limited', policies));
    await product('limited');
    const [one, two] = [
      await ground.key('limited', 'development'),
      await ground.key('limited', 'development'),
    ];
    const ask = ({ key }: { key: string }) => get('/env/dev/limited/x', { apikey: key });
    const first = await ask(one);
    assert.equal(first.headers['ratelimit-policy'], '"proxy";q=4;w=60, "app";q=3;w=60');
    assert.match(String(first.headers.ratelimit), /^"app";r=2(;t=\d+)?, "proxy";r=3(;t=\d+)?$/);
    await ask(one);
    await ask(one);
    const own = await ask(one);
    assert.equal(own.status, 429);
    assert.match(own.text, /\\?"app\\?"/);
    assert.match(String(own.headers['retry-after']), /^([1-9]|[1-5]\d|60)$/);
    assert.match(String(own.headers.ratelimit), /"app";r=0;t=\d+/);
    assert.equal((await ask(two)).status, 200, 'the other app has its own');
    const whole = await ask(two);
    assert.equal(whole.status, 429);
    assert.match(whole.text, /\\?"proxy\\?"/);
    ground.clock.shift = Number(whole.headers['retry-after']) * 1000;
    assert.equal((await ask(two)).status, 200, 'after the time that was told');
  });

  it('N8 names in each 429 the limit and when it frees, truly, and shows both with the usage in the hub', async () => {
    await ground.api('explained');
    const policies: readonly PolicyUse[] = [
      { policy: 'api-key' },
      { policy: 'subscription' },
      { policy: 'quota', config: { limit: 60, by: 'proxy' } },
      { policy: 'product-limits' },
    ];
    await ground.deploy('explained', 'dev', ground.definition('explained', policies));
    const { client } = await newAccount(ground.platform, 'Lil Limited');
    const { html } = await client.get('/apps/new');
    const [, team = ''] = /<option value="(\w+)"/.exec(html) ?? [];
    await ground.manage.call('PATCH', '/apis/explained', { body: { owner: team }, ifMatch: '*' });
    await product('explained', { limits: { quota: { limit: 20, interval: 1, unit: 'minute' } } });
    const one = await ground.key('explained', 'development', team);
    const [app = ''] = one.subscription.split('.');
    const ask = (key: string) => get('/env/dev/explained/x', { apikey: key });
    const shift = (seconds: number) => {
      ground.clock.shift += seconds * 1000;
    };
    /** Calls until it is refused; the refusal names the limit in body and fields, and what it says of the wait is true. */
    const exhaust = async (name: string, keys: readonly string[]) => {
      let refusal = await ask(keys[0] ?? '');
      for (let call = 0; refusal.status === 200 && call < 100; call++)
        refusal = await ask(keys[call % keys.length] ?? '');
      assert.equal(refusal.status, 429, name);
      const wait = Number(refusal.headers['retry-after']);
      const told = JSON.parse(refusal.text) as { detail?: string };
      assert.match(told.detail ?? '', new RegExp(`"${name}" frees in ${wait} second`));
      assert.match(String(refusal.headers.ratelimit), new RegExp(`"${name}";r=0;t=${wait}`));
      return wait;
    };
    const explained = async (name: string, wait: number) => {
      const page = await client.get(
        `/explain/limits?app=${app}&api=explained&environment=development`,
      );
      const row = page.html.split('<tr').find((part) => part.includes(`>${name}<`)) ?? '';
      assert.match(row, /<time/, `${name} and when it frees: ${page.faults.join()}`);
      shift(wait);
      assert.equal((await ask(one.key)).status, 200, `${name} after ${wait} s`);
      shift(120);
    };

    await explained('app', await exhaust('app', [one.key]));
    const fields = { limits: { spikeArrest: { rate: 30, per: 'minute', burst: 2 } } };
    await ground.manage.call('PATCH', '/products/explained', { body: fields, ifMatch: '*' });
    await explained('app-spike', await exhaust('app-spike', [one.key]));
    await ground.manage.call('PATCH', '/products/explained', {
      body: { limits: {} },
      ifMatch: '*',
    });
    const other = await ground.key('explained', 'development', team);
    await explained('proxy', await exhaust('proxy', [one.key, other.key]));
    const shown = await client.get(`/subscriptions/${one.subscription}`);
    assert.match(shown.html, /<svg class="hub-curve"/);
  });

  it('R077 lets no call reach a back end without the check that its API declares, and no API run without one', async () => {
    await ground.api('guarded');
    await assert.rejects(
      ground.deploy('guarded', 'dev', ground.definition('guarded', [{ policy: 'request-ids' }])),
      unprocessable(/who may call/),
    );
    await ground.deploy('guarded', 'dev', ground.definition('guarded', [{ policy: 'open' }]));
    await get('/env/dev/guarded/canary');
    assert.equal(ground.received()?.path, '/guarded/canary');
    for (const policies of [
      [{ policy: 'api-key' }],
      [{ policy: 'token' }],
      [{ policy: 'client-certificate' }],
      [{ policy: 'accredited-system' }],
      [
        {
          policy: 'any-of',
          config: { alternatives: [{ policy: 'api-key' }, { policy: 'token' }] },
        },
      ],
      [{ policy: 'token' }, { policy: 'scopes', config: { any: ['none'] } }],
    ] satisfies readonly (readonly PolicyUse[])[]) {
      const what = JSON.stringify(policies);
      await ground.deploy('guarded', 'dev', ground.definition('guarded', policies));
      for (const path of ['', '/', '/x', '//x', '/%78', '/x/../y', '/x?apikey=1'])
        for (const headers of [
          {},
          { apikey: 'made-up' },
          { authorization: 'Bearer made-up' },
          { 'x-client-certificate': 'made-up', 'nhsd-asid': '200000000001' },
        ]) {
          const { status } = await get(`/env/dev/guarded${path}`, headers);
          assert.ok(status >= 400 && status < 500, `${what} ${path}: ${status}`);
        }
      assert.equal(ground.received()?.path, '/guarded/canary', what);
    }
  });

  it('R045 is shut unless somebody opens it, asks for TLS, and logs neither bodies nor tokens', async () => {
    await ground.api('discreet');
    assert.equal((await get('/env/dev/discreet/x')).status, 404, 'what is not deployed');
    await assert.rejects(
      ground.deploy('discreet', 'dev', ground.definition('discreet', [])),
      unprocessable(/who may call/),
    );
    const target = { kind: 'http', url: 'http://api.example.org' };
    await assert.rejects(
      ground.deploy('discreet', 'dev', { ...ground.definition('discreet'), backend: target }),
      unprocessable(/https/i),
    );
    const live = { INSTALLATION: 'live', PUBLIC_URL: 'http://api.example.org', DATA_DIR: 'none' };
    assert.throws(() => loadConfig(live), /PUBLIC_URL must be https/);
    await ground.deploy('discreet', 'dev', ground.definition('discreet', [{ policy: 'api-key' }]));
    await product('discreet');
    const { key } = await ground.key('discreet', 'development');
    ground.answer({ headers: { 'content-type': 'text/plain' }, body: 'an-answer-like-no-other' });
    const bearer = randomBytes(20).toString('hex');
    const done = await ground.call('/env/dev/discreet/x?name=a-name-like-no-other', {
      method: 'POST',
      headers: { apikey: key, authorization: `Bearer ${bearer}` },
      body: 'a-body-like-no-other',
    });
    assert.equal(done.text, 'an-answer-like-no-other');
    await get('/env/dev/discreet/x', { apikey: key.replace(/.$/, '!') });
    const logged = ground.platform.logged();
    assert.match(logged, /discreet/, 'the calls are logged');
    for (const secret of [key, key.slice(0, -1), bearer, 'like-no-other'])
      assert.ok(!logged.includes(secret), secret.slice(0, 6));
  });

  it('R046 hands bodies on as they are, changes what a definition declares, and keeps a signed audit of definitions', async () => {
    await ground.api('intact');
    await ground.deploy('intact', 'dev', ground.definition('intact'));
    const [sent, back] = [randomBytes(50_000), randomBytes(50_000)];
    ground.answer({ headers: { 'content-type': 'application/octet-stream' }, body: back });
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await ground.call('/env/dev/intact/x', { method: 'PUT', headers, body: sent });
    assert.equal(sha256(answer.bytes), sha256(back));
    assert.equal(sha256(ground.received()?.body ?? Buffer.alloc(0)), sha256(sent));

    const set = [{ pointer: '/added', value: true }];
    const changing = [{ policy: 'open' }, { policy: 'body', config: { set } }];
    await ground.deploy('intact', 'dev', ground.definition('intact', changing));
    const json = { 'content-type': 'application/json' };
    await ground.call('/env/dev/intact/x', { method: 'PUT', headers: json, body: '{"n":1.0}' });
    assert.equal(ground.received()?.body.toString(), '{"n":1.0,"added":true}');

    const deeds: string[] = [];
    const folder = join(ground.platform.dataDir, 'audit');
    for await (const { action, app, user } of searchAudit(folder, {}))
      if (app.includes('intact') && user !== '') deeds.push(action.split(' ', 1)[0] ?? '');
    assert.equal(deeds.filter((one) => one === 'proxy.deploy').length, 2, deeds.join());
    const places = {
      dir: folder,
      heads: join(ground.platform.dataDir, 'audit-heads'),
      key: join(ground.platform.dataDir, 'keys'),
    };
    const key = readFileSync(join(places.key, 'audit.pem'), 'utf8');
    const whole = await verifyAudit({ ...places, key });
    assert.equal(whole.good, true, JSON.stringify(whole));
    const changed = readdirSync(folder, { recursive: true })
      .map((name) => join(folder, String(name)))
      .find(
        (name) => statSync(name).isFile() && readFileSync(name, 'utf8').includes('proxy.deploy'),
      );
    assert.ok(changed);
    const text = readFileSync(changed, 'utf8');
    writeFileSync(changed, text.replace('proxy.deploy', 'proxy.delays'));
    assert.equal((await verifyAudit({ ...places, key })).good, false, 'a changed entry is named');
    writeFileSync(changed, text);
  });

  it('R052 has five environments, each with hosts, definitions and credentials of its own', async () => {
    await ground.api('everywhere');
    await product('everywhere');
    const at = (environment: string) => ({
      ...ground.definition('everywhere', [{ policy: 'api-key' }]),
      backend: { kind: 'http', url: `${ground.target}/of-${environment}` },
    });
    for (const environment of [
      'development',
      ...environments.filter((one) => one !== 'development'),
    ])
      await ground.deploy('everywhere', environment, at(environment));
    const { body } = await ground.manage.call('GET', '/environments');
    assert.match(JSON.stringify(body), new RegExp(environments.join('.*')));
    const keys = new Map<string, string>();
    for (const environment of environments.filter((one) => one !== 'production'))
      keys.set(environment, (await ground.key('everywhere', environment)).key);
    keys.set('production', await productionKey('everywhere'));
    assert.equal(new Set(keys.values()).size, 5);
    for (const environment of environments)
      for (const [of, key] of keys) {
        const host = `${publicName(environment)}.localhost`;
        const answer = await get('/everywhere/x', { host, apikey: key });
        assert.equal(answer.status, of === environment ? 200 : 401, `${of} in ${environment}`);
        if (of === environment) assert.equal(answer.text, `{"at":"/of-${environment}/x"}`);
      }
  });

  it('R059 lets a new API begin in development, with a stub in the sandbox, and nowhere else', async () => {
    await ground.api('beginner');
    for (const environment of ['sit', 'uat', 'production'])
      await assert.rejects(
        ground.deploy('beginner', environment, ground.definition('beginner')),
        (error: unknown) =>
          error instanceof Refusal && error.message.includes('begins in development'),
        environment,
      );
    const developer = await ground.as('developer', 'Y90001');
    const { body } = await developer.call('POST', '/apis/beginner/setup', { body: {} });
    assert.deepEqual(Object.keys(body.addresses as object).sort(), ['development', 'sandbox']);
    const { body: stub } = await ground.manage.call('GET', '/proxies/sandbox.beginner/revisions/1');
    assert.equal((stub.definition as { backend: { kind: string } }).backend.kind, 'mock');
    await ground.deploy('beginner', 'sit', ground.definition('beginner'));
  });

  it('R080 answers from the examples of a document, without any code', async () => {
    const example = { id: 7, name: 'a made-up ward' };
    const openapi = {
      openapi: '3.0.3',
      info: { title: 'Wards', version: '1.0.0', description: 'Wards of a hospital.' },
      paths: {
        '/wards/{id}': {
          get: {
            operationId: 'ward',
            parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
            responses: {
              200: { description: 'The ward', content: { 'application/json': { example } } },
              404: {
                description: 'There is none',
                content: { 'application/json': { example: { error: 'none' } } },
              },
            },
          },
        },
      },
    };
    const body = {
      id: 'wards',
      title: 'Wards',
      owner: 'Y90001',
      contact: 'a@example.org',
      openapi,
    };
    const made = await ground.manage.call('POST', '/apis', { body });
    const sandbox = textIn(made.body.addresses as Readonly<Record<string, unknown>>, 'sandbox'); // addresses by environment
    const { pathname } = new URL(sandbox);
    const ward = await get(`${pathname}/wards/7`);
    assert.deepEqual([ward.status, JSON.parse(ward.text)], [200, example]);
    const none = await get(`${pathname}/wards/7`, { prefer: 'code=404' });
    assert.deepEqual([none.status, JSON.parse(none.text)], [404, { error: 'none' }]);
    assert.equal(
      (await get(`${pathname}/wards/x`)).status,
      400,
      'what the document does not allow',
    );
  });
});
