import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { openClient, type ManagementClient } from '../scripts/gatehouse/client.ts';
import { createPostmanOutgoing } from '../server/postman-outgoing.ts';
import type { Pushing } from '../spine/postman/sending.ts';
import { hostingGround, type HostingGround } from './hosting-ground.ts';
import { OpensslCa, whyNoOpenssl } from './openssl-ca.ts';
import { answering, startEndpoint, subscribe, type Endpoint } from './postman-ground.ts';

const identity = () => Promise.resolve(undefined);
const bytes = Buffer.from('a message');

function pushing(url: string, signal = AbortSignal.timeout(10_000)): Pushing {
  return {
    ...{
      environment: 'sandbox',
      url,
      headers: { 'x-message-id': 'm' },
      size: bytes.length,
      signal,
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- a body is asked for piece by piece
    body: async function* () {
      yield bytes;
    },
  };
}

describe('a push to an address that may not be called', () => {
  const strict = (resolve: (host: string) => Promise<readonly string[]>, networks: string[] = []) =>
    createPostmanOutgoing({ targets: { allowLocal: false, networks }, identity, resolve });
  const nowhere = strict(() => Promise.resolve([]));

  for (const url of [
    ...['http://hooks.example.org/in', 'https://127.0.0.1/in', 'https://[::1]/in'],
    ...[
      'https://10.1.2.3/in',
      'https://192.168.0.1/',
      'https://172.16.0.1/',
      'https://0x7f000001/',
    ],
    ...['https://169.254.169.254/latest/meta-data', 'https://[fe80::1]/', 'https://[fd00::1]/'],
    ...[
      'https://[::ffff:127.0.0.1]/',
      'https://100.64.0.1/',
      'https://0.0.0.0/',
      'https://2130706433/',
    ],
    ...[
      'https://localhost/in',
      'https://a.localhost/',
      'ftp://hooks.example.org/',
      'file:///etc/passwd',
    ],
    ...[
      'https://user:pass@hooks.example.org/',
      'https://hooks.example.org:22/',
      'gopher://x/',
      'no url',
    ],
  ])
    it(`makes no call to ${url}`, async () => {
      const result = await nowhere.push(pushing(url));
      assert.deepEqual([result.kind, result.kind === 'fault' && result.fault], ['fault', 'trust']);
    });

  it('makes no call where a name leads to such an address, or to one among others', async () => {
    for (const addresses of [
      ['10.0.0.7'],
      ['127.0.0.1'],
      ['8.8.8.8', '169.254.169.254'],
      ['::1'],
    ]) {
      const outgoing = strict(() => Promise.resolve(addresses));
      const result = await outgoing.push(pushing('https://rebinds.example.org/in'));
      assert.equal(result.kind === 'fault' && result.fault, 'trust', addresses.join());
    }
    const gone = await nowhere.push(pushing('https://nobody.example.org/in'));
    assert.equal(gone.kind === 'fault' && gone.fault, 'passing');
  });

  it('asks for the address once and connects to what was judged', async () => {
    const endpoint = await startEndpoint();
    let asked = 0;
    const outgoing = createPostmanOutgoing({
      targets: { allowLocal: true, networks: [] },
      identity,
      resolve: () => Promise.resolve([asked++ === 0 ? '127.0.0.1' : '10.0.0.1']),
    });
    const { port } = new URL(endpoint.url);
    const result = await outgoing.push(pushing(`http://rebinds.example.org:${port}/in`));
    assert.equal(result.kind === 'answer' && result.status, 200);
    assert.equal(asked, 1);
    assert.equal(endpoint.pushed[0]?.headers.host, `rebinds.example.org:${port}`);
    await endpoint.close();
  });

  it('calls an address of a network that the operator has listed', async () => {
    const outgoing = strict(() => Promise.resolve(['10.0.0.7']), ['10.0.0.0/24']);
    const signal = AbortSignal.abort();
    // It is judged fit and then not called, for the time is over: no refusal of the address.
    const result = await outgoing.push(pushing('https://inside.example.org/in', signal));
    assert.equal(result.kind === 'fault' && result.fault, 'passing');
  });
});

describe('a push to an endpoint that behaves badly', () => {
  let endpoint: Endpoint;
  const outgoing = createPostmanOutgoing({
    ...{ targets: { allowLocal: true, networks: [] }, identity },
  });
  beforeEach(async () => {
    endpoint = await startEndpoint();
  });
  afterEach(() => endpoint.close());

  it('follows no redirect', async () => {
    endpoint.treat = answering(307, { location: 'http://169.254.169.254/' });
    const result = await outgoing.push(pushing(`${endpoint.url}/in`));
    assert.equal(result.kind === 'answer' && result.status, 307);
    assert.equal(endpoint.pushed.length, 1);
  });

  it('reads two kilobytes of an endless answer and ends the call', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      endpoint.treat = (_pushed, response) => {
        response.writeHead(200);
        const more = () => {
          while (!response.destroyed) {
            sent += 65_536;
            if (!response.write(Buffer.alloc(65_536, 'x'))) break;
          }
        };
        response.on('drain', more);
        response.on('close', resolve);
        more();
      };
    });
    const result = await outgoing.push(pushing(`${endpoint.url}/in`));
    assert.equal(result.kind === 'answer' && result.excerpt.length, 2_048);
    await closed;
    assert.ok(sent < 64 * 1024 * 1024);
  });

  it('takes the status of one that drips its answer, and waits no longer than its time', async function () {
    this.timeout(30_000);
    endpoint.treat = (_pushed, response) => {
      response.writeHead(202).write('a');
    };
    const result = await outgoing.push(pushing(`${endpoint.url}/in`));
    assert.equal(result.kind === 'answer' && result.status, 202);
    endpoint.treat = () => undefined;
    const late = await outgoing.push(pushing(`${endpoint.url}/in`, AbortSignal.timeout(300)));
    assert.equal(late.kind === 'fault' && late.fault, 'passing');
  });

  it('is not misled by what is no HTTP, by huge fields, or by a closed port', async () => {
    for (const text of ['SSH-2.0-x\r\n', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`]) {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.resume();
        socket.end(text);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo; // it listens on a port
      const result = await outgoing.push(pushing(`http://127.0.0.1:${port}/`));
      assert.equal(result.kind === 'fault' && result.fault, 'passing');
      server.close();
      await once(server, 'close');
      const refused = await outgoing.push(pushing(`http://127.0.0.1:${port}/`));
      assert.equal(refused.kind === 'fault' && refused.fault, 'passing');
    }
  });
});

describe('a push over TLS', () => {
  let ca: OpensslCa;
  let endpoint: Endpoint;
  before(function () {
    if (whyNoOpenssl() !== undefined) this.skip();
    ca = new OpensslCa();
  });
  after(() => {
    ca.end();
  });
  afterEach(() => endpoint.close());

  it('goes to a trusted certificate of that name alone, and shows that of the platform', async () => {
    const server = ca.server('localhost');
    const client = ca.client('gatehouse.test');
    const authorities = ca.authorities.join('');
    endpoint = await startEndpoint({
      ...{ cert: server.certificate + ca.issuing, key: server.key, ca: [...ca.authorities] },
      ...{ requestCert: true, rejectUnauthorized: true },
    });
    const shown = { authorities, identity: client.certificate + ca.issuing + client.key };
    const { port } = new URL(endpoint.url);
    const call = (given: object | undefined, host: string) =>
      createPostmanOutgoing({
        targets: { allowLocal: true, networks: [] },
        identity: () => Promise.resolve(given),
        resolve: () => Promise.resolve(['127.0.0.1']),
      }).push(pushing(`https://${host}:${port}/in`));
    const well = await call(shown, 'localhost');
    assert.equal(well.kind === 'answer' && well.status, 200);
    const stranger = await call({ identity: shown.identity }, 'localhost');
    assert.equal(stranger.kind === 'fault' && stranger.fault, 'trust');
    const misnamed = await call(shown, 'other.example.org');
    assert.equal(misnamed.kind === 'fault' && misnamed.fault, 'trust');
    const unknown = await call({ authorities }, 'localhost');
    assert.equal(unknown.kind === 'fault' && unknown.fault, 'passing');
    assert.equal(endpoint.pushed.length, 1);
  });
});

describe('push subscriptions in the management API', () => {
  let ground: HostingGround;
  let manage: ManagementClient;
  let endpoint: Endpoint;
  before(async function () {
    this.timeout(60_000);
    ground = await hostingGround();
    manage = openClient({ dataDir: ground.platform.dataDir });
    await manage.call('POST', '/mesh/sandbox/mailboxes', {
      body: { id: 'PUSHED1', name: 'Pushed', odsCode: 'Y90001' },
    });
    endpoint = await startEndpoint();
  });
  after(async () => {
    await endpoint.close();
    await ground.end();
  });

  const refused = (method: string, path: string, body?: object) =>
    manage.call(method, path, body ? { body } : {}).then(
      () => 'taken',
      (error: unknown) => (error as { kind: string }).kind,
    );
  const wish = (fields: object) => ({
    ...{ environment: 'sandbox', mailbox: 'PUSHED1', url: `${endpoint.url}/in`, ...fields },
  });

  it('refuse what is malformed, unknown or there already', async () => {
    for (const fields of [
      ...[{ url: 'ftp://x/' }, { url: 'https://u:p@x.example/' }, { url: 'x' }, { mailbox: 'a b' }],
      ...[
        { mailbox: 'NOBODY1' },
        { environment: 'mars' },
        { ordering: 'global' },
        { secret: 'mine' },
      ],
      ...[{ receipts: ['read'] }, { contract: { retries: -1, interval: 1, lifetime: 1 } }],
    ])
      assert.match(await refused('POST', '/push-subscriptions', wish(fields)), /invalid/);
    const { id, secret } = await subscribe(manage, wish({}));
    assert.ok(secret.length >= 40);
    assert.equal(await refused('POST', '/push-subscriptions', wish({})), 'conflict');
    const shown = (await manage.call('GET', `/push-subscriptions/${id}`)).body;
    assert.deepEqual([shown.state, shown.secret, shown.sealed], ['active', undefined, undefined]);
    await manage.call('DELETE', `/push-subscriptions/${id}`);
    assert.equal(await refused('GET', `/push-subscriptions/${id}`), 'not-found');
  });

  it('push nothing before the endpoint has given its challenge back', async () => {
    const body = wish({ url: `${endpoint.url}/deaf` });
    const { id } = (await manage.call('POST', '/push-subscriptions', { body })).body;
    assert.equal(await refused('POST', `/push-subscriptions/${String(id)}/verify`), 'conflict');
    const on = { state: 'active' };
    assert.equal(await refused('PUT', `/push-subscriptions/${String(id)}/state`, on), 'conflict');
    const { state } = (await manage.call('GET', `/push-subscriptions/${String(id)}`)).body;
    assert.equal(state, 'pending');
  });

  it('are for operators, and shown to auditors', async () => {
    const auditor = await ground.as('auditor', '*');
    const developer = await ground.as('developer', 'Y90001');
    assert.ok((await auditor.call('GET', '/push-subscriptions')).body.items);
    const kind = (work: Promise<unknown>) =>
      work.then(
        () => 'taken',
        (error: unknown) => (error as { kind: string }).kind,
      );
    assert.equal(await kind(auditor.call('POST', '/push-subscriptions', { body: wish({}) })), 'forbidden'); // prettier-ignore
    assert.equal(await kind(developer.call('GET', '/push-subscriptions')), 'forbidden');
    assert.equal(await kind(developer.call('GET', '/pushes')), 'forbidden');
  });

  it('say of pushes that are not there that they are not', async () => {
    for (const path of ['/pushes/none', '/pushes/push%7Csandbox%7Cx%7Cy'])
      assert.equal(await refused('GET', path), 'not-found');
    assert.equal(await refused('POST', '/pushes/none/replay'), 'not-found');
    assert.equal(await refused('POST', '/pushes/none/discard', { reason: 'x' }), 'not-found');
    assert.equal(await refused('GET', '/pushes?state=dead'), 'invalid');
    assert.equal(await refused('GET', '/pushes?subscription=x&state=odd'), 'invalid');
    const junk = { subscription: 'x', from: 'yesterday' };
    assert.equal(await refused('POST', '/pushes/replay', junk), 'invalid');
  });
});
