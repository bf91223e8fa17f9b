import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  addApp,
  assertionOf,
  assertRefused,
  isAlive,
  publicJwk,
  startTokenGround,
  statuses,
  testKey,
  tokenIn,
  withAssertion,
  type Refusal,
  type TokenGround,
} from './token-ground.ts';

const unreachable: Refusal = [
  403,
  'public_key error',
  "The JWKS endpoint, for your client_assertion can't be reached",
];
const noKey: Refusal = [
  401,
  'invalid_request',
  "Invalid 'kid' header in client_assertion JWT - no matching public key",
];

const jwk = () => publicJwk(testKey(0), 'demo-1');
const asJson = (response: ServerResponse, text: string | Buffer, more = {}) =>
  response.writeHead(200, { 'content-type': 'application/json', ...more }).end(text);
const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024, ' '));
const megabyte = Buffer.alloc(1024 * 1024, ' ');

/** Sends so many megabytes as fast as they are taken, without saying beforehand how many. */
function flood(response: ServerResponse, megabytes: number): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  let left = megabytes;
  const more = () => {
    while (left-- > 0) if (!response.write(megabyte)) return;
    response.end();
  };
  response.on('drain', more);
  more();
}

/** Hosts of key sets that do not do what they should; each gets an app of its own. */
const hosts: Readonly<Record<string, RequestListener>> = {
  'says nothing': () => undefined,
  'drips a byte at a time': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 200);
    response.on('close', () => {
      clearInterval(drip);
    });
  },
  'hangs up': (request) => request.socket.destroy(),
  'answers 404': (_request, response) => response.writeHead(404).end(),
  'answers 500': (_request, response) => response.writeHead(500).end('{"keys":[]}'),
  'sends 10 MB': (_request, response) => {
    flood(response, 10);
  },
  'sends 50 MB': (_request, response) => {
    flood(response, 50);
  },
  'says that it will send 10 MB': (_request, response) =>
    asJson(response, Buffer.alloc(100), { 'content-length': String(10 * 1024 * 1024) }),
  'compresses 20 MB into little': (_request, response) =>
    asJson(response, bomb, { 'content-encoding': 'gzip' }),
  'redirects to a metadata address': (_request, response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  'redirects to a good set': (request, response) =>
    response.writeHead(307, { location: `http://${request.headers.host ?? ''}/good` }).end(),
  'sends HTML': (_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  'calls HTML JSON': (_request, response) => asJson(response, '<html>'),
  'sends an empty set': (_request, response) => asJson(response, '{"keys":[]}'),
  'sends null': (_request, response) => asJson(response, 'null'),
  'sends 1,000 keys': (_request, response) => {
    const keys = Array.from({ length: 1000 }, (_, i) => ({ ...jwk(), kid: `demo-${i}` }));
    asJson(response, JSON.stringify({ keys }));
  },
  'sends private members': (_request, response) => {
    const whole = createPrivateKey(testKey(1)).export({ format: 'jwk' });
    asJson(response, JSON.stringify({ keys: [{ ...whole, kid: 'demo-1' }] }));
  },
  'sends private members of a key that is not its own': (_request, response) => {
    asJson(response, JSON.stringify({ keys: [{ ...publicJwk(testKey(4), 'demo-1'), d: 'AQAB' }] }));
  },
};

describe('hosts of key sets', function () {
  this.timeout(30_000);
  let ground: TokenGround;
  let server: Server;
  let url: string;
  const fetched: string[] = [];
  /** What `/good` gives. */
  let good: string;
  let down = false;

  before(async () => {
    good = JSON.stringify({ keys: [jwk()] });
    server = createServer((request, response) => {
      const name = decodeURIComponent(request.url ?? '').slice(1);
      fetched.push(name);
      if (name !== 'good') hosts[name]?.(request, response);
      else if (down) request.socket.destroy();
      else asJson(response, good, { 'cache-control': 'max-age=60' });
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    url = `http://localhost:${(server.address() as AddressInfo).port}`; // it listens on a port
    ground = await startTokenGround({ environment: { LOCAL_ADDRESSES: 'allow' } });
  });
  after(async () => {
    await ground.end();
    server.closeAllConnections();
    server.close();
  });

  let made = 0;
  const appAt = (address: string) =>
    addApp(ground, `keys-${made++}`, { keys: { kind: 'url', url: address } });
  const ask = (iss: string, kid = 'demo-1', key?: string) =>
    withAssertion(ground, assertionOf(ground, { iss, sub: iss }, { kid }, key));

  it('are given up within 6 s, whatever they do, while the server serves others in steady memory', async () => {
    const apps = await Promise.all(
      Object.keys(hosts).map(async (name) => [
        name,
        await appAt(`${url}/${encodeURIComponent(name)}`),
      ]),
    );
    const dead = ['http://localhost:1/', 'https://keys.invalid/jwks.json'];
    for (const address of dead) apps.push([address, await appAt(address)]);
    const before = process.memoryUsage().rss;
    const begun = performance.now();
    let served = 0;
    const waiting = { on: true };
    const serving = (async () => {
      while (waiting.on) {
        const asked = performance.now();
        tokenIn(await withAssertion(ground, assertionOf(ground)));
        assert.ok(performance.now() - asked < 4000, 'another app waited for a host');
        served++;
      }
    })();
    await Promise.all(
      apps.map(async ([name = '', app = '']) => {
        assertRefused(await ask(app), unreachable, name);
      }),
    );
    assert.ok(performance.now() - begun < 6000);
    waiting.on = false;
    await serving;
    assert.ok(served > 20, `${served} others were served`);
    const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
    assert.ok(grown < 150, `grew by ${grown} MB`);
    for (const [name = '', app = ''] of apps) assertRefused(await ask(app), unreachable, name);
    assert.equal(fetched.filter((name) => name === 'good').length, 0, 'a redirect was followed');
    assert.equal(fetched.length, Object.keys(hosts).length, 'failures are remembered');
  });

  it('burn a key whose private half they gave away, and nobody else can burn it', async () => {
    for (const [key, burnt] of [
      [testKey(1), true],
      [testKey(4), false],
    ] as const) {
      const keys = { kind: 'value', keys: [publicJwk(key, 'demo-1')] } as const;
      const answer = await ask(await addApp(ground, `same-key-${made++}`, { keys }), 'demo-1', key);
      if (burnt) assertRefused(answer, noKey);
      else tokenIn(answer);
    }
  });

  it('may not be on this machine or without TLS unless the installation says so', async () => {
    const strict = await startTokenGround();
    try {
      for (const [i, address] of [
        `${url}/good`,
        `https://localhost:${new URL(url).port}/good`,
        'https://127.0.0.1/jwks.json',
        'https://169.254.169.254/jwks.json',
        'https://[::1]/jwks.json',
        'https://10.0.0.1/jwks.json',
        'file:///etc/passwd',
      ].entries()) {
        const id = await addApp(strict, `local-${i}`, { keys: { kind: 'url', url: address } });
        const answer = await withAssertion(strict, assertionOf(strict, { iss: id, sub: id }));
        assertRefused(answer, unreachable, address);
      }
      assert.equal(fetched.includes('good'), false);
    } finally {
      await strict.end();
    }
  });

  it('are asked again for a key that they did not have, once in 30 s however many ask', async () => {
    fetched.length = 0;
    const app = await appAt(`${url}/good`);
    tokenIn(await ask(app));
    assert.equal(fetched.length, 1);
    const flooded = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(app, `k-${i}`)));
    assert.deepEqual(statuses(flooded), { 401: 50 });
    for (const answer of flooded) assertRefused(answer, noKey);
    assert.equal(fetched.length, 1, 'within 30 s of the first fetch');
    ground.clock.time += 30_000;
    const again = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(app, `k-${i}`)));
    assert.deepEqual(statuses(again), { 401: 50 });
    assert.equal(fetched.length, 2);
    good = JSON.stringify({ keys: [jwk(), publicJwk(testKey(4), 'new')] });
    ground.clock.time += 30_000;
    tokenIn(await ask(app, 'new', testKey(4)));
    assert.equal(fetched.length, 3);
  });

  it('are done without for a day once they have been read, and no longer', async () => {
    const app = await appAt(`${url}/good`);
    tokenIn(await ask(app));
    down = true;
    for (const hours of [1, 12, 10.9]) {
      ground.clock.time += hours * 3_600_000;
      const token = tokenIn(await ask(app));
      assert.ok(await isAlive(ground, token));
    }
    ground.clock.time += 600_000;
    assertRefused(await ask(app), unreachable);
    down = false;
    ground.clock.time += 31_000;
    tokenIn(await ask(app));
  });
});
