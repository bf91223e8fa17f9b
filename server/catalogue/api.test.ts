import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { createLog } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import {
  administrationGround,
  actorOf,
  newApp,
  publicJwk,
  type AdministrationGround,
} from '../../test/administration-ground.ts';
import { createFront, type Front } from '../front.ts';
import { MountTable } from '../mount-table.ts';
import { managementApi } from './api.ts';
import { toEnvironment } from './environments.ts';
import { roles, type Role } from './roles.ts';

const jwk = publicJwk('a');

interface Init {
  readonly as?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

describe('the management API', () => {
  let ground: AdministrationGround;
  let front: Front;
  let base: string;
  let lines: string[];

  beforeEach(async () => {
    ground = await administrationGround();
    lines = [];
    const handler = managementApi({
      administration: ground.administration,
      newId: () => ground.clock.newId(),
      authenticate: ({ headers }) => {
        // The role and organisation stand in for a token.
        const [role, organisation = '*'] = (headers.authorization ?? '')
          .replace('Bearer ', '')
          .split(' ');
        const known = roles.find((one): one is Role => one === role);
        if (known) return Promise.resolve(actorOf(known, organisation));
        if (role === 'broken') return Promise.reject(new Error('store down SECRET'));
        return Promise.reject(new Problem('unauthenticated', 'No such token'));
      },
    });
    front = createFront({
      tables: [
        new MountTable([
          { environment: 'sandbox', base: '/management/v1', api: 'management', handler },
        ]),
      ],
      environment: 'sandbox',
      toEnvironment,
      log: createLog(
        'info',
        new Writable({
          write(chunk: Buffer, _encoding, done) {
            lines.push(chunk.toString());
            done();
          },
        }),
      ),
      pages: (_request, response) => response.writeHead(404).end(),
    });
    await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(front.server.address() as AddressInfo).port}/management/v1`;
  });
  afterEach(async () => {
    await front.drain(100);
    await ground.end();
  });

  const call = async (method: string, path: string, init: Init = {}) => {
    const { as = 'administrator', body, headers = {} } = init;
    const response = await fetch(base + path, {
      method,
      headers: {
        authorization: `Bearer ${as}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.equal(response.headers.get('cache-control'), 'no-store', `${method} ${path}`);
    assert.ok(response.status < 500 || as === 'broken', `${method} ${path}: ${text}`);
    return {
      status: response.status,
      headers: response.headers,
      etag: response.headers.get('etag') ?? '',
      text,

      json: text === '' ? {} : JSON.parse(text),
    };
  };

  const make = async () => {
    const { json } = await call('POST', '/apps', { body: newApp });
    const app = `/apps/${json.id as string}`;
    await call('POST', `${app}/registrations/sandbox`);
    return { id: json.id as string, app, place: `${app}/registrations/sandbox` };
  };

  it('makes, shows, changes and lists an app', async () => {
    const made = await call('POST', '/apps', { body: newApp });
    assert.equal(made.status, 201);
    const location = made.headers.get('location') ?? '';
    assert.equal(location, `/management/v1/apps/${made.json.id}`);
    assert.equal(made.etag, '"1"');
    const path = `/apps/${made.json.id}`;
    const changed = await call('PATCH', path, {
      body: { name: 'Second' },
      headers: { 'if-match': made.etag },
    });
    assert.equal(changed.status, 200);
    assert.equal(changed.etag, '"2"');
    assert.equal((await call('GET', path)).json.name, 'Second');
    const { json } = await call('GET', '/apps');
    assert.deepEqual(
      json.items.map((item: { name: string; etag: string }) => [item.name, item.etag]),
      [['Second', '"2"']],
    );
  });

  it('asks for If-Match with 428 and refuses a stale one with 412', async () => {
    const { app, place } = await make();
    const changes: readonly (readonly [string, string, object])[] = [
      ['PATCH', app, { name: 'x' }],
      ['PATCH', place, { origins: [] }],
      ['PUT', `${place}/state`, { state: 'revoked' }],
      ['PUT', `${place}/keys`, { keys: [jwk] }],
    ];
    for (const [method, path, body] of changes) {
      const without = await call(method, path, { body });
      assert.equal(without.status, 428, path);
      assert.equal(without.json.code, 'precondition-required');
      const stale = await call(method, path, { body, headers: { 'if-match': '"1"' } });
      assert.equal(stale.status, 412, path);
      const wrong = await call(method, path, { body, headers: { 'if-match': '2' } });
      assert.equal(wrong.status, 400, path);
    }
    const weak = await call('PATCH', app, {
      body: { name: 'x' },
      headers: { 'if-match': 'W/"2"' },
    });
    assert.equal(weak.status, 200);
    const any = await call('PATCH', app, { body: { name: 'y' }, headers: { 'if-match': '*' } });
    assert.equal(any.status, 200);
  });

  it('answers whom it does not know with 401 and how to sign in, whatever the path', async () => {
    for (const [method, path] of [
      ['GET', '/apps'],
      ['GET', '/nothing'],
      ['DELETE', '/apps'],
      ['POST', '/apps'],
    ] as const) {
      const { status, headers, json } = await call(method, path, { as: 'nobody' });
      assert.equal(status, 401, path);
      assert.equal(headers.get('www-authenticate'), 'Bearer realm="management"');
      assert.equal(headers.get('content-type'), 'application/problem+json');
      assert.equal(json.detail, 'No such token');
    }
  });

  it('renders problems as RFC 9457 says, each with an id of its own', async () => {
    const { json, status } = await call('GET', '/apps/nobody');
    assert.equal(status, 404);
    assert.deepEqual(
      { ...json, instance: '' },
      {
        type: 'urn:gatehouse:problem:not-found',
        title: 'Not Found',
        status: 404,
        detail: 'There is no such app',
        instance: '',
      },
    );
    assert.match(json.instance, /^urn:uuid:[0-9a-f-]{36}$/);
    assert.notEqual((await call('GET', '/apps/nobody')).json.instance, json.instance);
    assert.equal((await call('DELETE', '/apps')).headers.get('allow'), 'GET, POST');
    const broken = await call('GET', '/apps', { as: 'broken' });
    assert.equal(broken.status, 500);
    assert.doesNotMatch(broken.text + lines.join(''), /SECRET/);
  });

  const bad: readonly (readonly [name: string, body: unknown, status: number, type?: string])[] = [
    ['no JSON', '{', 400],
    ['a list', [], 400],
    ['null', null, 400],
    ['an unknown member', { ...newApp, admin: true }, 400],
    ['__proto__', '{"__proto__":{"role":"administrator"}}', 400],
    ['a member twice', '{"name":"a","name":"b"}', 400],
    ['a missing member', { name: 'x' }, 400],
    ['an unknown kind', { ...newApp, kinds: ['any'] }, 400],
    ['NUL', '{"name":"\\u0000"}', 400],
    ['deep nesting', '['.repeat(5000), 400],
    ['too much', JSON.stringify({ ...newApp, description: 'x'.repeat(70_000) }), 413],
    ['a form', 'name=x', 415, 'application/x-www-form-urlencoded'],
    ['text', JSON.stringify(newApp), 415, 'text/plain'],
  ];
  for (const [name, body, status, type = 'application/json'] of bad)
    it(`refuses a body of ${name} with ${status}`, async () => {
      const answer = await call('POST', '/apps', { body, headers: { 'content-type': type } });
      assert.equal(answer.status, status);
      assert.equal(answer.json.status, status);
    });

  it('answers odd paths and queries with a problem', async () => {
    const { place } = await make();
    const odd: readonly (readonly [method: string, path: string, status: number])[] = [
      ['GET', '/apps/%00', 404],
      ['GET', `/apps/${'x'.repeat(3000)}`, 404],
      ['GET', '/apps/%E0%A4%A', 404],
      ['GET', '/apps?limit=0', 400],
      ['GET', '/apps?limit=201', 400],
      ['GET', '/apps?limit=x', 400],
      ['GET', '/apps?after=nonsense', 400],
      ['GET', '/apps?owner=%00', 400],
      ['GET', '/subscriptions?app=%00', 400],
      ['GET', '/apps/x/registrations/moon', 404],
      ['DELETE', `${place}/secrets/x?overlap=2h`, 400],
      ['DELETE', `${place}/secrets/x?overlap=constructor`, 400],
      ['DELETE', `${place}/secrets/x`, 404],
    ];
    for (const [method, path, status] of odd)
      assert.equal((await call(method, path)).status, status, path.slice(0, 60));
  });

  it('shows a secret once and names credentials nowhere else', async function () {
    this.timeout(30_000);
    const { app, place } = await make();
    const secret = await call('POST', `${place}/secrets`);
    assert.equal(secret.status, 201);
    assert.match(secret.json.secret, /^[A-Za-z0-9_-]{43}$/);
    const key = await call('POST', `${place}/keys`, { body: { bits: 2048 } });
    assert.match(key.json.privateKey, /^-----BEGIN PRIVATE KEY-----/);
    const { etag } = await call('GET', place);
    const registered = await call('PUT', `${place}/keys`, {
      body: { keys: [jwk] },
      headers: { 'if-match': etag },
    });
    assert.equal(registered.status, 204);
    const stored = (await ground.administration.apps.read(actorOf('auditor'), app.slice(6))).value;
    const hash = stored.registrations.sandbox?.secrets[0]?.hash ?? 'none';
    const shown = await Promise.all(
      ['/apps', app, place, '/administrators', '/roles'].map(
        async (path) => (await call('GET', path)).text,
      ),
    );
    const everywhere = [...shown, ...lines, JSON.stringify(await ground.entries())].join('\n');
    for (const hidden of [secret.json.secret as string, hash, jwk.x ?? '', 'PRIVATE'])
      assert.equal(everywhere.includes(hidden), false, hidden.slice(0, 8));
    assert.equal(everywhere.includes(secret.json.id as string), true);
  });

  it('gives names back as data, in JSON that no browser runs', async () => {
    const name = '<script>alert(1)</script>\r\nSet-Cookie: x=1';
    const { json, headers } = await call('POST', '/apps', { body: { ...newApp, name } });
    assert.equal(json.name, name);
    assert.equal(headers.get('content-type'), 'application/json');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('set-cookie'), null);
  });

  it('shows the contact of an app to those who may change it alone', async () => {
    const { app } = await make();
    assert.equal((await call('GET', app, { as: 'developer Y90001' })).json.contact, newApp.contact);
    assert.equal('contact' in (await call('GET', app, { as: 'auditor' })).json, false);
    assert.equal((await call('GET', app, { as: 'developer Y90002' })).status, 403);
  });

  it('takes a subscription from request to decision', async () => {
    const { id } = await make();
    const product = { id: 'pds', name: 'PDS', scopes: ['user/Patient.crus'] };
    assert.equal((await call('POST', '/products', { body: product })).json.approval, 'manual');
    const wish = { app: id, product: 'pds', environment: 'internal-dev-sandbox' };
    const made = await call('POST', '/subscriptions', { body: wish, as: 'developer Y90001' });
    assert.equal(made.status, 201);
    assert.equal(made.json.environment, 'sandbox');
    const path = `/subscriptions/${made.json.id}`;
    const decision = { body: { state: 'active' }, headers: { 'if-match': made.etag } };
    const own = await call('PUT', `${path}/state`, { ...decision, as: 'developer Y90001' });
    assert.equal(own.status, 403);
    const decided = await call('PUT', `${path}/state`, { ...decision, as: 'product-owner' });
    assert.equal(decided.json.state, 'active');
    const listed = await call('GET', `/subscriptions?app=${id}&product=pds`);
    assert.equal(listed.json.items.length, 1);
    const nowhere = { ...wish, environment: 'moon' };
    assert.equal((await call('POST', '/subscriptions', { body: nowhere })).status, 400);
  });

  it('makes and changes administrators and products', async () => {
    const body = { name: 'Ann', role: 'auditor', organisation: '*', keys: [jwk] };
    const made = await call('POST', '/administrators', { body });
    assert.equal(made.status, 201);
    assert.deepEqual(made.json.keys, [{ kid: 'a', kty: 'EC', crv: 'P-384' }]);
    const path = `/administrators/${made.json.id}`;
    const change = { body: { state: 'revoked' }, headers: { 'if-match': made.etag } };
    assert.equal((await call('PATCH', path, change)).json.state, 'revoked');
    const product = await call('POST', '/products', { body: { id: 'p', name: 'P' } });
    const renamed = { body: { name: 'Q' }, headers: { 'if-match': product.etag } };
    assert.equal((await call('PATCH', '/products/p', renamed)).json.name, 'Q');
    assert.equal((await call('GET', '/products/p')).json.name, 'Q');
    assert.equal((await call('GET', '/products')).json.items.length, 1);
  });

  it('tells the role table', async () => {
    const { json } = await call('GET', '/roles', { as: 'developer Y90001' });
    assert.deepEqual(json.roles, roles);
    assert.ok(json.actions.some(({ action }: { action: string }) => action === 'keys.rotate'));
  });

  it('goes through a list page by page', async () => {
    for (let i = 0; i < 3; i++)
      await call('POST', '/apps', { body: { ...newApp, name: `App ${i}` } });
    const first = (await call('GET', '/apps?limit=2')).json;
    assert.equal(first.items.length, 2);
    const second = (await call('GET', `/apps?limit=2&after=${encodeURIComponent(first.next)}`))
      .json;
    assert.equal(second.items.length, 1);
    assert.equal('next' in second, false);
  });
});
