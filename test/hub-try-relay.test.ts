/** The relay of Try it against abuse: it reaches Proxies of this server and nothing else, within limits, as the caller's own. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { Problem } from '../core/problem.ts';
import { createSealer } from '../server/auth/sealing.ts';
import { createRelay } from '../server/hub-try-relay.ts';
import { MountTable, type Mount } from '../server/mount-table.ts';
import { mostRead, mostSent, type RelayCall } from '../server/portal/relay.ts';
import { answerView } from '../server/portal/try-answer.ts';
import { relayedCalls } from '../server/relayed-calls.ts';
import { hubClient, newAccount, signedIn } from './hub-ground.ts';
import { fieldFor, fieldsIn, partOf, tryIt } from './hub-try-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const sealer = createSealer([randomBytes(32)]);
const nobody: Mount['handler'] = () => Promise.reject(new Error('not called'));
const mount = (base: string, api: string): Mount => ({
  ...{ environment: 'sandbox', base, api, handler: nobody },
});

describe('the relay of Try it', () => {
  let server: Server;
  let seen: IncomingMessage[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const platformTable = new MountTable([mount('/ours/own', 'own')]);
  const proxies = new MountTable([
    mount('/ours', 'ours'),
    mount('/ours/deep', 'deep'),
    mount('/other', 'other'),
  ]);
  const relayed = relayedCalls(sealer, () => 1_000_000);

  before(async () => {
    server = createServer((request, response) => {
      seen.push(request);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    seen = [];
    answer = (_request, response) => response.end('fine');
  });

  const relay = (patience?: number) =>
    createRelay({
      tables: [platformTable, proxies],
      ...{ proxies, relayed, mutual: () => undefined },
      gateway: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
      ...(patience === undefined ? {} : { patience }),
    });
  const call = (changes: Partial<RelayCall> = {}): RelayCall => ({
    ...{ environment: 'sandbox', api: 'ours', base: '/ours', method: 'GET', path: '/thing' },
    ...{ headers: [['Accept', '*/*']], caller: '203.0.113.9', ...changes },
  });

  it('calls the Proxy that was named, with the fields that were given and its own mark', async () => {
    const { status, body, headers } = await relay()(
      call({ path: '/thing?a=b', method: 'POST', body: 'text' }),
    );
    assert.deepEqual([status, body.toString()], [200, 'fine']);
    assert.ok(headers.some(([name]) => name === 'Date'));
    const [request] = seen;
    assert.equal(request?.url, '/env/sandbox/ours/thing?a=b');
    assert.equal(request.headers['content-length'], '4');
    const connection = relayed.connection(request, { address: '127.0.0.1', secure: false });
    assert.deepEqual([connection.address, connection.relayed], ['203.0.113.9', true]);
  });

  const abuses: readonly (readonly [string, Partial<RelayCall>])[] = [
    ['an Api that is not at this base', { api: 'other' }],
    ['a base that is none', { base: '' }],
    ['a base of another host', { base: '//evil.example' }],
    ['a path that a longer base claims', { path: '/deep/thing' }],
    ['a path that the platform serves itself', { path: '/own' }],
    ['production', { environment: 'production' }],
    ['an environment where it does not run', { environment: 'uat' }],
    ['a method that makes tunnels', { method: 'CONNECT' }],
    ['a method that tells fields', { method: 'TRACE' }],
    ['a method that is none', { method: 'GET /x HTTP/1.1\r\nA: b' }],
    ['a path that leads up', { path: '/../other' }],
    ['a path that leads up, encoded', { path: '/%2E%2e/other' }],
    ['a path of another host', { path: '@evil.example/' }],
    ['a path with a line break', { path: '/x\r\nHost: evil.example' }],
    ['a path with an encoded line break', { path: '/x%0d%0aA: b' }],
    ['a path with a backslash', { path: '/\\evil.example' }],
    ['a fragment', { path: '/x#y' }],
    ['a path beyond ASCII', { path: '/é' }],
    ['a path that is too long', { path: `/${'x'.repeat(5000)}` }],
    ['a body that is too large', { method: 'POST', body: 'x'.repeat(mostSent + 1) }],
    [
      'too many fields',
      { headers: Array.from({ length: 61 }, (_, i) => [`X-${i}`, 'y'] as const) },
    ],
    ['a field with a line break', { headers: [['X-A', 'b\r\nHost: evil.example']] }],
    ['a name with a line break', { headers: [['X-A\r\nX-B', 'c']] }],
    ['a name with a colon', { headers: [['X-A: b, X-C', 'c']] }],
    ...[
      ...['Host', 'Connection', 'Keep-Alive', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade'],
      ...['Content-Length', 'Cookie', 'Forwarded', 'X-Forwarded-For', 'Proxy-Authorization', 'Via'],
      ...[
        'X-Client-Cert',
        'X-Gatehouse-Proxy-Secret',
        'X-Gatehouse-Relayed',
        'Expect',
        'Sec-Fetch-Site',
      ],
    ].map((name) => [`the field ${name}`, { headers: [[name, 'x']] }] as const),
  ];
  for (const [what, changes] of abuses)
    it(`refuses ${what}, and sends nothing`, async () => {
      const refused = (error: unknown) =>
        error instanceof Problem && ['invalid', 'not-found'].includes(error.kind);
      await assert.rejects(relay()(call(changes)), refused);
      assert.equal(seen.length, 0);
    });

  it('follows no redirect', async () => {
    answer = (_request, response) =>
      response.writeHead(302, { location: 'http://evil.example/' }).end();
    const { status, headers } = await relay()(call());
    assert.equal(status, 302);
    assert.ok(
      headers.some(([name, value]) => name === 'location' && value === 'http://evil.example/'),
    );
    assert.equal(seen.length, 1);
  });

  it('reads no more of an answer than it shows', async () => {
    answer = (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 120)));
      };
      response.on('drain', more);
      more();
    };
    const { body, cut } = await relay()(call());
    assert.deepEqual([body.length, cut], [mostRead, true]);
  });

  it('says so when no answer comes, or the connection is cut', async () => {
    answer = () => undefined;
    const told = (pattern: RegExp) => (error: unknown) =>
      error instanceof Problem && error.kind === 'upstream' && pattern.test(error.message);
    await assert.rejects(relay(200)(call()), told(/No answer came/));
    answer = (_request, response) => response.destroy();
    await assert.rejects(relay()(call()), told(/ended without an answer/));
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      setImmediate(() => response.destroy());
    };
    await assert.rejects(relay()(call()), told(/ended without an answer/));
  });

  it('believes a mark that the hub made, for that call and for a minute, and no other', () => {
    const [name, value] = relayed.field({ address: '203.0.113.9', method: 'GET', path: '/a' });
    const told = (text: string, method = 'GET', url = '/a', at = relayed) =>
      at.connection({ headers: { [name]: text }, method, url } as unknown as IncomingMessage, {
        ...{ address: '127.0.0.1', secure: false },
      }).address; // of a request these three are looked at
    assert.equal(told(value), '203.0.113.9');
    assert.equal(told(value, 'POST'), '127.0.0.1');
    assert.equal(told(value, 'GET', '/b'), '127.0.0.1');
    assert.equal(told(`${value}x`), '127.0.0.1');
    assert.equal(told('203.0.113.9'), '127.0.0.1');
    const later = relayedCalls(sealer, () => 1_000_000 + 61_000);
    assert.equal(told(value, 'GET', '/a', later), '127.0.0.1');
    const others = relayedCalls(createSealer([randomBytes(32)]), () => 1_000_000);
    assert.equal(told(value, 'GET', '/a', others), '127.0.0.1');
  });
});

describe('the answer in the console of Try it', () => {
  const view = (type: string, body: Buffer | string, more: object = {}) =>
    answerView(
      {
        ...{ status: 200, reason: 'OK', milliseconds: 1, cut: false },
        ...{ headers: [['Content-Type', type] as const], body: Buffer.from(body), ...more },
      },
      undefined,
    ).text;

  it('shows HTML as text, formats JSON, and tells what is no text', () => {
    const page = view('text/html', '<script>alert(1)</script><img src=x onerror=y>');
    assert.ok(!page.includes('<script') && !page.includes('<img'));
    assert.match(view('application/json', '{"a":[1]}'), /&quot;a&quot;: \[\n {4}1/);
    assert.match(
      view('image/png', Buffer.from([0x89, 0x50, 0, 1])),
      /no text that can be shown: 4 bytes of image\/png/,
    );
    assert.match(view('text/plain', Buffer.from([0xff, 0xfe])), /no text that can be shown/);
    assert.match(view('x"><b>', Buffer.from([0])), /x&quot;&gt;&lt;b&gt;/);
    assert.match(view('application/json', '{"a":'), /\{&quot;a&quot;:/);
    assert.match(view('text/plain', ''), /has no body/);
  });

  it('cuts what is long and shows no cookie', () => {
    const long = view('text/plain', 'é'.repeat(120_000));
    assert.match(long, /The body is longer/);
    const half = Buffer.from('aé').subarray(0, 2);
    assert.match(view('text/plain', half, { cut: true }), /The body is longer/);
    const cookie = view('text/plain', 'x', { headers: [['Set-Cookie', 'secret=1']] });
    assert.ok(!cookie.includes('secret=1') && cookie.includes('Set-Cookie'));
  });
});

describe('Try it against abuse over HTTP', () => {
  let platform: TestPlatform;
  const world = '/try/hello-world/hello-world';
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  it('knows no operation by an address', async () => {
    const client = hubClient(platform.url);
    for (const path of [
      '/try/nothing/here',
      '/try/hello-world/nothing',
      '/try/http:%2F%2Fevil.example/x',
      '/try/..%2f..%2fmanagement/x',
    ])
      assert.equal((await client.get(path)).status, 404, path);
  });

  it('sends nothing for a form of another site, without a token, or of the wrong kind', async () => {
    const client = hubClient(platform.url);
    const page = await client.get(world);
    const fields = fieldsIn(page);
    const other = await client.send(page, world, fields, { origin: 'https://evil.example' });
    assert.deepEqual([other.status, other.html.includes('answer-heading')], [403, false]);
    const bare = await client.post(world, new URLSearchParams(fields).toString());
    assert.deepEqual([bare.status, bare.html.includes('answer-heading')], [403, false]);
    const json = await client.post(world, '{}', { 'content-type': 'application/json' });
    assert.equal(json.status, 415);
  });

  it('refuses a body that is too large before it looks at it', async () => {
    const client = hubClient(platform.url);
    const page = await client.get('/try/personal-demographics/createPatient');
    const body = 'x'.repeat(70_000);
    const sent = await client.send(page, '/try/personal-demographics/createPatient', {
      ...fieldsIn(page),
      body,
    });
    assert.equal(sent.status, 413);
  });

  it('refuses the subscription of another team, and an environment that may not be tried', async () => {
    const { client } = await newAccount(platform, 'Sub Scriber');
    const page = await client.get(world);
    const others = await client.send(page, world, {
      ...fieldsIn(page),
      subscription: 'demo.sandbox.hello-world',
    });
    assert.equal(others.status, 422);
    assert.deepEqual(others.faults, [
      'Choose one of the subscriptions of your teams in this environment',
    ]);
    for (const make of ['make_key', 'make_signing', 'make_certificate']) {
      const made = await client.send(page, world, {
        ...{ ...fieldsIn(page), subscription: 'demo.sandbox.hello-world', [make]: 'yes' },
      });
      assert.deepEqual([made.status, made.faults], [422, ['Choose one of your subscriptions']]);
    }
    const production = await client.send(page, world, {
      ...fieldsIn(page),
      environment: 'production',
    });
    assert.deepEqual(production.faults, ['Choose one of the environments']);
  });

  it('lets no viewer of a team use its keys', async () => {
    const viewer = await signedIn(platform, 'viewer');
    const page = await viewer.get(world);
    assert.ok(!page.html.includes('name="subscription"'));
    const sent = await viewer.send(page, world, {
      ...fieldsIn(page),
      subscription: 'demo.sandbox.hello-world',
    });
    assert.equal(sent.status, 422);
  });

  it('puts values where they belong, whatever they hold', async () => {
    const client = hubClient(platform.url);
    const read = '/try/personal-demographics/getPatient';
    const page = await client.get(read);
    const id = fieldFor(page, 'id');
    const correlation = fieldFor(page, 'X-Correlation-ID');
    for (const value of [
      '../../../hello-world/hello/world',
      'http://evil.example/',
      '9000000009?a=b#c',
      '@evil.example',
      '%2e%2e%2f',
    ]) {
      const sent = await client.send(page, read, { ...fieldsIn(page), [id]: value });
      assert.match(partOf(sent, 'try-answer'), /^Response: 400/, value);
      assert.match(
        partOf(sent, 'try-request'),
        new RegExp(
          `Patient/${encodeURIComponent(value).replaceAll('%3A', ':').replaceAll('%24', '\\$')} HTTP`,
        ),
      );
    }
    const up = await client.send(page, read, { ...fieldsIn(page), [id]: '..' });
    assert.deepEqual(up.faults, ['id: a dot alone leads elsewhere']);
    const split = await client.send(page, read, {
      ...fieldsIn(page),
      [correlation]: 'x\r\nHost: evil.example',
    });
    assert.equal(split.status, 422);
    const beyond = await client.send(page, read, { ...fieldsIn(page), [correlation]: 'naïve' });
    assert.equal(beyond.status, 422);
  });

  it('takes a limited number of calls a minute', async () => {
    const client = hubClient(platform.url);
    const page = await client.get(world);
    const fields = fieldsIn(page);
    let refused;
    for (let i = 0; i < 70 && !refused; i++) {
      const sent = await client.send(page, world, fields);
      if (sent.status === 429) refused = sent;
    }
    assert.match(refused?.faults.join() ?? '', /Too many attempts/);
  });

  it('is no way to the pages or to management', async () => {
    const page = await tryIt(await signedIn(platform, 'developer'), world);
    assert.ok(!partOf(page, 'try-request').includes('management'));
    const forged = await fetch(`${platform.url}/hello-world/hello/world`, {
      headers: { 'x-gatehouse-relayed': 'a.b.c.d' },
    });
    assert.equal(forged.status, 200);
  });
});
