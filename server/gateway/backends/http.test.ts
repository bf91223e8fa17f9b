import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Sent } from '../../../core/exchange.ts';
import { exchangeFor } from '../../../test/exchange-for.ts';
import {
  backEndSite,
  startBackEndGround,
  type BackEndGround,
} from '../../../test/back-end-ground.ts';
import { sendBytes, sendRaw } from '../../../test/raw-http.ts';
import { httpBackend } from './http.ts';

type Answering = (request: IncomingMessage, response: ServerResponse) => void;

describe('a back end over HTTP', () => {
  let server: Server;
  let ground: BackEndGround;
  let origin = '';
  let answering: Answering;
  let seen: IncomingMessage[];

  beforeEach(async () => {
    seen = [];
    answering = (_request, response) => response.end('fine');
    server = createServer({ keepAliveTimeout: 5000 }, (request, response) => {
      seen.push(request);
      answering(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    origin = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
    ground = await startBackEndGround({ kind: 'http', url: `${origin}/base`, timeout: 2000 });
  });
  afterEach(async () => {
    await ground.close();
    server.close();
    server.closeAllConnections();
  });

  for (const path of ['/', '/a//b', '/a%2Fb/%zz', '/a?x=1&x=2&y', '/a?q=%20+a', '/a/?', '//a', ''])
    it(`asks for ${path || 'nothing below the base'} just so`, async () => {
      await sendRaw(ground.port, { path: `/api${path}` });
      assert.equal(seen[0]?.url, `/base${path.replace(/\?$/, '')}`);
    });

  it('asks for / where neither base nor caller has a path', async () => {
    const bare = await startBackEndGround({ kind: 'http', url: origin });
    await sendRaw(bare.port, { path: '/api' });
    assert.equal(seen[0]?.url, '/');
    await bare.close();
  });

  for (const path of [
    '/..',
    '/../x',
    '/a/./b',
    '/%2e%2E/x',
    '/.%2e',
    '/a%2f..%2fb',
    '/..;/x',
    '/..%5cx',
  ])
    it(`refuses ${path}, which would climb out of the base`, async () => {
      const answer = await sendRaw(ground.port, { path: `/api${path}` });
      assert.equal(answer.status, 400);
      assert.deepEqual(seen, []);
    });

  for (const path of ['/.well-known/x', '/a.b', '/...', '/a..b', '/%20.'])
    it(`takes ${path} for an ordinary path`, async () => {
      assert.equal((await sendRaw(ground.port, { path: `/api${path}` })).status, 200);
    });

  it('hands on fields in order, spelling and number, and none of the connection', async () => {
    const headers: [string, string][] = [
      ['Accept', 'a/b'],
      ['X-Odd', '\xe9\xff'],
      ['accept', 'c/d'],
      ['TraceParent', '00-1-2-01'],
      ['Connection', 'X-Gone'],
      ['X-Gone', '1'],
      ['TE', 'trailers'],
      ['Cookie', 'a=1'],
      ['constructor', 'x'],
    ];
    await sendRaw(ground.port, { path: '/api/a', headers });
    const raw = seen[0]?.rawHeaders ?? [];
    const pairs = raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1]}`] : []));
    const kept = pairs.filter((pair) => !/^(NHSD-|host|connection|via)/i.test(pair));
    assert.deepEqual(kept, [
      'Accept: a/b',
      'X-Odd: \xe9\xff',
      'accept: c/d',
      'TraceParent: 00-1-2-01',
      'Cookie: a=1',
      'constructor: x',
    ]);
    assert.ok(pairs.includes(`host: ${origin.slice(7)}`));
    assert.ok(pairs.includes('via: 1.1 gatehouse'));
  });

  it('hands on what a listed proxy tells of who was in front of it, and nobody else’s word', async () => {
    const forwarded = async (proxied: boolean) => {
      const peer = { address: '203.0.113.9', secure: false, proxied };
      await ground.backend.handler(
        exchangeFor({ peer, rawHeaders: ['X-Forwarded-Proto', 'https'], path: '/a' }),
      );
      return seen.at(-1)?.headers['x-forwarded-proto'];
    };
    assert.equal(await forwarded(true), 'https');
    assert.equal(await forwarded(false), undefined);
  });

  it('finds out a proxy that ends in itself after a few rounds, and blames nobody else for it', async () => {
    let rounds = 0;
    answering = (request, response) => {
      rounds++;
      const headers: [string, string][] = [['Via', request.headers.via ?? '']];
      void sendRaw(ground.port, { path: '/api/a', headers }).then(({ status, body }) =>
        response.writeHead(status).end(body),
      );
    };
    const answer = await sendRaw(ground.port, { path: '/api/a' });
    assert.equal(answer.status, 508);
    assert.equal(rounds, 4);
    answering = (_request, response) => response.end('fine');
    assert.equal((await sendRaw(ground.port, { path: '/api/a' })).status, 200);
    assert.equal(ground.backend.condition?.().circuit, 'closed');
  });

  it('tells the back end the ids under their other names, and makes them where there are none', async () => {
    const headers: [string, string][] = [
      ['X-Request-ID', 'r1'],
      ['X-Correlation-ID', 'c1'],
      ['NHSD-End-User-Organisation-ODS', 'Y90009'],
    ];
    await sendRaw(ground.port, { path: '/api/a', headers });
    await sendRaw(ground.port, {
      path: '/api/a',
      headers: [['NHSD-End-User-Organisation-ODS', 'a b']],
    });
    const [first, second] = seen.map((request) => request.headers);
    assert.equal(first?.['x-request-id'], undefined);
    assert.equal(first?.['nhsd-request-id'], 'r1');
    assert.match(String(first['nhsd-correlation-id']), /^r1\.c1\.[0-9a-f-]{36}$/);
    assert.equal(first['nhsd-end-user-organisation-ods'], 'Y90009');
    assert.match(String(second?.['nhsd-request-id']), /^[0-9a-f-]{36}$/);
    assert.equal(second?.['nhsd-end-user-organisation-ods'], undefined);
  });

  it('hands back fields in spelling and number, bytes beyond ASCII too, and none of the connection', async () => {
    answering = (_request, response) => {
      response.writeHead(203, [
        ...['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Odd', '\xe9', '__proto__', 'p'],
        ...['constructor', 'c', 'Keep-Alive', 'timeout=5', 'X-Gone', '1', 'Connection', 'x-gone'],
        ...['ETag', 'W/"1"', 'Date', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Content-Length', '2'],
      ]);
      response.end(Buffer.from('ok')); // with text node would write the head as UTF-8
    };
    const { head, status } = await sendRaw(ground.port, { path: '/api/a' });
    assert.equal(status, 203);
    assert.deepEqual(head.split('\r\n').slice(1).sort(), [
      ...['Connection: close', 'Date: Thu, 01 Jan 1970 00:00:00 GMT', 'ETag: W/"1"'],
      ...['Set-Cookie: a=1', 'Set-Cookie: b=2', 'X-Odd: \xe9', '__proto__: p'],
      ...['constructor: c', 'content-length: 2'],
    ]);
  });

  const places: Readonly<Record<string, string>> = {
    'ORIGIN/base/Patient/1': '/api/Patient/1',
    'ORIGIN/base': '/api',
    'ORIGIN/base?a=http://127.0.0.1/': '/api?a=http://127.0.0.1/',
    '/base/a%2Fb//c': '/api/a%2Fb//c',
    'ORIGIN/baseless/a': 'ORIGIN/baseless/a',
    'ORIGIN/other': 'ORIGIN/other',
    '/other': '/other',
    'Patient/1': 'Patient/1',
    'https://elsewhere.example/base/a': 'https://elsewhere.example/base/a',
    '//elsewhere.example/base/a': '//elsewhere.example/base/a',
    'http://user@/base': 'http://user@/base',
    '': '',
  };
  for (const [place, shown] of Object.entries(places))
    it(`shows the place ${place || 'that is empty'} of a back end as ${shown || 'it is'}`, async () => {
      const told = (text: string) => text.replace('ORIGIN', origin);
      answering = (_request, response) => {
        response.writeHead(201, { Location: told(place), 'Content-Location': told(place) });
        response.end();
      };
      const { head } = await sendRaw(ground.port, { path: '/api/a' });
      assert.ok(head.includes(`\r\nLocation: ${told(shown)}\r\n`), head);
      assert.ok(head.includes(`\r\nContent-Location: ${told(shown)}\r\n`), head);
    });

  it('keeps the environment in a place as the caller named it', async () => {
    answering = (_request, response) =>
      response.writeHead(201, { location: `${origin}/base/1` }).end();
    const { head } = await sendRaw(ground.port, { path: '/env/sandbox/api/a' });
    assert.match(head, /\r\nlocation: \/env\/sandbox\/api\/1\r\n/);
  });

  it('answers HEAD, 204 and 304 without a body and with the length that was told', async () => {
    answering = ({ method, url }, response) => {
      if (method === 'HEAD') response.writeHead(200, { 'content-length': 4096 }).end();
      else if (url?.endsWith('304')) response.writeHead(304, { etag: '"1"' }).end();
      else response.writeHead(204).end();
    };
    const head = await sendRaw(ground.port, { method: 'HEAD', path: '/api/a' });
    assert.match(head.head, /^HTTP\/1.1 200 OK\r\ncontent-length: 4096\r\n/);
    const none = await sendRaw(ground.port, { path: '/api/a' });
    assert.equal(none.status, 204);
    assert.doesNotMatch(none.head, /content-length|transfer-encoding/i);
    const same = await sendRaw(ground.port, { path: '/api/304' });
    assert.equal(same.status, 304);
    assert.match(same.head, /etag: "1"/);
    assert.equal(head.body + none.body + same.body, '');
  });

  it('leaves compressed bytes as they are', async () => {
    const bytes = Buffer.from([0x1f, 0x8b, 0, 1, 2, 3]);
    answering = (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes);
    const [answer] = (await once(get(`${ground.url}/a`, { agent: false }), 'response')) as [
      IncomingMessage, // what the event brings
    ];
    const got = Buffer.concat((await answer.toArray()) as Buffer[]); // without an encoding set, Buffers
    assert.deepEqual(got, bytes);
    assert.equal(answer.headers['content-encoding'], 'gzip');
  });

  const bodies: Readonly<Record<string, { size: number; chunked?: boolean }>> = {
    'an empty body': { size: 0 },
    'a short body': { size: 100 },
    'a long body': { size: 3_000_000 },
    'a body of unsaid length': { size: 3_000_000, chunked: true },
  };
  for (const [name, { size, chunked = false }] of Object.entries(bodies))
    it(`brings ${name} there and back as it was`, async () => {
      answering = (request, response) => {
        response.writeHead(200, { 'content-type': request.headers['content-type'] ?? '' });
        request.pipe(response);
      };
      const body = Buffer.alloc(size, 'abcdefg');
      const answer = await sendRaw(ground.port, {
        method: 'POST',
        path: '/api/a',
        headers: [['content-type', 'a/b']],
        body,
        chunked,
      });
      assert.equal(answer.status, 200);
      assert.equal(seen[0]?.headers['content-length'], chunked ? undefined : String(size));
      const got = answer.head.includes('chunked') ? unchunked(answer.body) : answer.body;
      assert.equal(got.length, size);
      assert.equal(got, body.toString('latin1'));
    });

  it('sends a body on while it is still coming', async () => {
    let first: string | undefined;
    answering = (request, response) => {
      request.once('data', (chunk: Buffer) => {
        first = chunk.toString();
        response.end('early');
      });
    };
    const answer = await sendBytes(
      ground.port,
      'POST /api/a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
      1000,
    );
    assert.equal(first, 'hello');
    assert.equal(answer.status, 200);
  });

  it('goes on for a caller that waits to be told to', async () => {
    answering = (request, response) => request.pipe(response);
    const answer = await sendBytes(
      ground.port,
      'POST /api/a HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi',
    );
    assert.equal(unchunked(answer.body), 'hi');
    assert.equal(seen[0]?.headers.expect, undefined);
  });

  it('hands on no trailer fields', async () => {
    answering = (request, response) => {
      request.resume().once('end', () => response.end(JSON.stringify(request.rawTrailers)));
    };
    const answer = await sendBytes(
      ground.port,
      'POST /api/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nNHSD-ASID: 1\r\n\r\n',
    );
    assert.equal(answer.body, '[]');
  });

  it('sends bytes that a policy has read already', async () => {
    answering = (request, response) => request.pipe(response);
    const backend = httpBackend(
      { kind: 'http', url: origin },
      backEndSite({ kind: 'http', url: origin }),
    );
    const body = 'x'.repeat(50_000);
    const exchange = exchangeFor({
      method: 'POST',
      headers: { 'content-length': String(body.length) },
      body,
    });
    const read = exchange.body.stream();
    read.resume();
    await once(read, 'end');
    const taken = exchangeFor({ method: 'POST', headers: exchange.headers, body });
    Object.assign(taken.call, { body: { ...taken.body, stream: () => read } });
    const reply = await backend.handler(taken);
    assert.equal(reply.status, 200);
    assert.equal(seen[0]?.headers['content-length'], '50000');
    await backend.close();
  });

  it('gives up an answer that nobody will read', async () => {
    const left = new Promise((resolve) => {
      answering = (_request, response) => {
        response.once('close', resolve).write('x'.repeat(100_000));
      };
    });
    const definition = { kind: 'http', url: origin } as const;
    const backend = httpBackend(definition, backEndSite(definition));
    const endings: (() => void)[] = [];
    const onEnd = (fn: (sent: Sent) => void) =>
      endings.push(() => {
        fn({ status: 503, bytes: 0, complete: true });
      });
    await backend.handler(exchangeFor({ onEnd }));
    for (const end of endings) end(); // another reply was sent
    await left;
    await backend.close();
  });

  it('notes what the target took', async () => {
    await sendRaw(ground.port, { path: '/api/a' });
    const [facts] = ground.facts;
    assert.equal(facts?.target?.status, 200);
    assert.equal(facts.target.retries, 0);
    assert.ok(facts.target.milliseconds > 0 && facts.target.milliseconds < 2000);
  });

  it('closes when the calls that run have ended', async () => {
    let release: () => void = () => undefined;
    answering = (_request, response) => {
      release = () => response.end('late');
    };
    const calling = sendRaw(ground.port, { path: '/api/a' });
    while (seen.length === 0) await new Promise(setImmediate);
    let closed = false;
    const closing = ground.backend.close().then(() => (closed = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(closed, false);
    release();
    assert.equal((await calling).body, 'late');
    await closing;
  });

  it('asks for its health where that is, and tells what came', async () => {
    const healthcheck = '/health?deep=1';
    const probed = await startBackEndGround({ kind: 'http', url: `${origin}/base`, healthcheck });
    const url = `${origin}/base${healthcheck}`;
    answering = (request, response) =>
      response
        .writeHead(request.url === '/base/health?deep=1' ? 200 : 404)
        .end('{"status":"pass"}');
    assert.deepEqual(await probed.backend.probe?.(), {
      status: 'pass',
      timeout: false,
      responseCode: 200,
      outcome: { status: 'pass' },
      url,
    });
    answering = (_request, response) => response.writeHead(500).end('x'.repeat(10_000));
    const failed = await probed.backend.probe?.();
    assert.deepEqual([failed?.status, failed?.responseCode], ['fail', 500]);
    assert.equal(failed?.outcome, 'x'.repeat(4096));
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    const gone = await probed.backend.probe?.();
    assert.deepEqual(
      [gone?.status, gone?.responseCode, gone?.timeout, gone?.url],
      ['fail', null, true, url],
    );
    await probed.close();
    assert.equal(ground.backend.probe, undefined);
  });

  it('calls nothing where it may not, and tells callers no address', async () => {
    const url = 'http://169.254.169.254/latest';
    const refused = await startBackEndGround({ kind: 'http', url });
    const answer = await sendRaw(refused.port, { path: '/api/a' });
    assert.equal(answer.status, 503);
    assert.doesNotMatch(answer.body, /169/);
    assert.equal((await refused.backend.probe?.())?.status, 'fail');
    await refused.close();
  });
});

function unchunked(body: string): string {
  let [rest, text] = [body, ''];
  for (;;) {
    const end = rest.indexOf('\r\n');
    const length = Number.parseInt(rest.slice(0, end), 16);
    if (!(length > 0)) return text;
    text += rest.slice(end + 2, end + 2 + length);
    rest = rest.slice(end + 4 + length);
  }
}
