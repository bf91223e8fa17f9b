import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Resolve } from './outgoing-address.ts';
import { OutgoingFault, type OutgoingReason } from './outgoing-fault.ts';
import { createOutgoing, type OutgoingOptions } from './outgoing.ts';

const json = { 'content-type': 'application/json' };

describe('outgoing calls', () => {
  let now = 1_000_000;
  const clock = { now: () => now, newId: () => 'id' };
  let open: TcpServer[] = [];
  let sockets: Socket[] = [];

  beforeEach(() => {
    now = 1_000_000;
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    for (const server of open) await new Promise((done) => server.close(done));
    sockets = [];
    open = [];
  });

  const listen = async (server: TcpServer, host = '127.0.0.1'): Promise<number> => {
    open.push(server);
    server.on('connection', (socket) => sockets.push(socket));
    await new Promise<void>((done) => server.listen(0, host, done));
    return (server.address() as AddressInfo).port; // it listens on TCP
  };
  const serve = async (answer: RequestListener) =>
    `http://127.0.0.1:${await listen(createServer(answer))}`;
  const make = (options: Partial<OutgoingOptions> = {}) =>
    createOutgoing({ allowLocal: true, clock, ...options });
  const refused = (reason: OutgoingReason, says?: RegExp) => (error: unknown) => {
    assert.ok(error instanceof OutgoingFault, String(error));
    assert.equal(error.reason, reason, error.message);
    if (says) assert.match(error.message, says);
    return true;
  };

  it('give status, type, cache-control and body of a JSON document', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, {
        'content-type': 'Application/JWK-Set+JSON; charset=utf-8',
        'cache-control': 'max-age=90',
      });
      response.end('{"keys":[]}');
    });
    const fetched = await make().getJson(`${url}/a`, 'me');
    assert.deepEqual(
      { ...fetched, body: fetched.body.toString() },
      {
        status: 200,
        type: 'application/jwk-set+json',
        cacheControl: 'max-age=90',
        body: '{"keys":[]}',
      },
    );
  });

  it('ask for no encoding and send no cookie, no credentials and no fragment', async () => {
    let seen: unknown;
    const url = await serve((request, response) => {
      seen = { url: request.url, ...request.headers };
      response.writeHead(200, { ...json, 'set-cookie': 'a=b' });
      response.end('{}');
    });
    const outgoing = make();
    await outgoing.getJson(`${url}/first`, 'me');
    await outgoing.getJson(`${url}/second?x=1#part`, 'me');
    assert.deepEqual(seen, {
      url: '/second?x=1',
      host: url.slice('http://'.length),
      accept: 'application/json',
      'accept-encoding': 'identity',
      connection: 'close',
    });
  });

  it('reach nothing local without the development setting', async () => {
    let connections = 0;
    const server = createTcpServer(() => connections++);
    const port = await listen(server);
    const outgoing = make({
      allowLocal: false,
      ports: [port],
      resolve: () => Promise.resolve(['127.0.0.1']),
    });
    for (const host of ['127.0.0.1', 'a.example', 'localhost', '0x7f.1', '[::ffff:127.0.0.1]'])
      await assert.rejects(
        outgoing.getJson(`https://${host}:${port}/`, 'me'),
        refused('address', /public/),
      );
    await assert.rejects(
      outgoing.postForm(`https://a.example:${port}/`, 'a=b', 'me'),
      refused('address'),
    );
    assert.equal(connections, 0);
  });

  it('refuse a name with one private address among its answers, without a connection', async () => {
    let calls = 0;
    const url = await serve((_request, response) => {
      calls++;
      response.end();
    });
    const { port } = new URL(url);
    const outgoing = make({ resolve: () => Promise.resolve(['127.0.0.1', '10.0.0.1']) });
    await assert.rejects(outgoing.getJson(`http://a.example:${port}/`, 'me'), refused('address'));
    assert.equal(calls, 0);
  });

  it('connect to the address that was checked, whatever the name says later', async () => {
    let host: string | undefined;
    const url = await serve((request, response) => {
      host = request.headers.host;
      response.writeHead(200, json).end('{}');
    });
    const { port } = new URL(url);
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    let asked = 0;
    const resolve: Resolve = () => Promise.resolve(answers[asked++] ?? []);
    const outgoing = make({ resolve });
    assert.equal((await outgoing.getJson(`http://a.example:${port}/`, 'me')).status, 200);
    assert.equal(asked, 1);
    assert.equal(host, `a.example:${port}`);
    await assert.rejects(outgoing.getJson(`http://a.example:${port}/`, 'me'), refused('address'));
  });

  it('reach a host by IPv6, and by its other address when one is dead', async function () {
    const server = createServer((_request, response) => response.writeHead(200, json).end('{}'));
    let port: number;
    try {
      port = await listen(server, '::1');
    } catch {
      open = [];
      this.skip(); // this machine has no IPv6
    }
    const outgoing = make({ resolve: () => Promise.resolve(['127.0.0.1', '::1']) });
    assert.equal((await outgoing.getJson(`http://[::1]:${port}/`, 'me')).status, 200);
    assert.equal((await outgoing.getJson(`http://a.example:${port}/`, 'me')).status, 200);
  });

  it('do not follow a redirect', async () => {
    let calls = 0;
    const url = await serve((_request, response) => {
      calls++;
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end();
    });
    await assert.rejects(make().getJson(url, 'me'), refused('redirect', /302/));
    await assert.rejects(make().postForm(url, 'a=b', 'me'), refused('redirect'));
    assert.equal(calls, 2);
  });

  it('take JSON with status 200 only', async () => {
    const answer = async (status: number, headers: Record<string, string>, body = '{}') => {
      const url = await serve((_request, response) =>
        response.writeHead(status, headers).end(body),
      );
      return make().getJson(url, 'me');
    };
    await assert.rejects(answer(404, json), refused('status', /404/));
    await assert.rejects(answer(503, json), refused('status'));
    await assert.rejects(answer(206, json), refused('status'));
    await assert.rejects(
      answer(200, { 'content-type': 'text/html' }),
      refused('type', /text\/html/),
    );
    await assert.rejects(answer(200, {}), refused('type', /untyped/));
    await assert.rejects(
      answer(200, { 'content-type': '<script>alert(1)</script>/json' }),
      refused('type', /untyped/),
    );
    await assert.rejects(answer(200, { 'content-type': 'application/jsonp' }), refused('type'));
  });

  it('end within their time with a host that drips, in head or body, or says nothing', async () => {
    const drip = (response: { write(text: string): unknown; destroyed: boolean }) => {
      const timer = setInterval(() => {
        if (response.destroyed) clearInterval(timer);
        else response.write(' ');
      }, 20);
    };
    const body = await serve((_request, response) => {
      response.writeHead(200, json);
      drip(response);
    });
    const head = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.write('HTTP/1.1 200 OK\r\nx-drip:');
      drip(socket);
    });
    const silent = createTcpServer(() => undefined);
    const outgoing = make({ deadline: 300 });
    for (const url of [
      body,
      `http://127.0.0.1:${await listen(head)}`,
      `http://127.0.0.1:${await listen(silent)}`,
      `https://127.0.0.1:${await listen(createTcpServer(() => undefined))}`,
    ]) {
      const begun = performance.now();
      await assert.rejects(outgoing.getJson(url, 'me'), refused('timeout'));
      assert.ok(performance.now() - begun < 1500, url);
    }
    const noAnswer = make({ deadline: 300, resolve: () => new Promise(() => undefined) });
    await assert.rejects(noAnswer.getJson('https://a.example/', 'me'), refused('timeout'));
  });

  it('close the connection of whatever they give up', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const url = await serve((request, response) => {
      closed = new Promise((done) => request.socket.on('close', done));
      response.writeHead(200, json).write('{');
    });
    await assert.rejects(make({ deadline: 200 }).getJson(url, 'me'), refused('timeout'));
    await closed;
    const post = await serve((request, response) => {
      closed = new Promise((done) => request.socket.on('close', done));
      response.writeHead(200).write('never ending');
    });
    assert.equal(await make().postForm(post, 'a=b', 'me'), 200);
    await closed;
  });

  const megabyte = Buffer.alloc(1024 * 1024, 0x20);
  for (const size of [10, 50])
    it(`stop reading ${size} MB after 64 KB`, async () => {
      let sent = 0;
      let closed: Promise<unknown> = Promise.resolve();
      const url = await serve((request, response) => {
        closed = new Promise((done) => request.socket.on('close', done));
        response.writeHead(200, json); // without a length
        const more = () => {
          while (sent < size && !response.destroyed) {
            sent++;
            if (!response.write(megabyte)) return response.once('drain', more);
          }
          return response.end();
        };
        more();
      });
      const before = process.memoryUsage();
      await assert.rejects(make().getJson(url, 'me'), refused('too-large', /65536/));
      await closed;
      const after = process.memoryUsage();
      assert.ok(sent < size, `the host could send ${sent} MB`);
      assert.ok(after.external - before.external < 8 * 1024 * 1024);
    });

  it('do not begin to read what says that it is too long', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(200, { ...json, 'content-length': '65537' }).write('{'),
    );
    await assert.rejects(make().getJson(url, 'me'), refused('too-large'));
  });

  it('take exactly 64 KB', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(200, json).end(megabyte.subarray(0, 65536)),
    );
    assert.equal((await make().getJson(url, 'me')).body.length, 65536);
  });

  it('refuse what is compressed, and never unpack it', async () => {
    const bomb = gzipSync(megabyte);
    for (const encoding of ['gzip', 'GZIP', 'br', 'identity, gzip']) {
      const url = await serve((_request, response) =>
        response.writeHead(200, { ...json, 'content-encoding': encoding }).end(bomb),
      );
      await assert.rejects(make().getJson(url, 'me'), refused('encoding'));
    }
    const unsaid = await serve((_request, response) => response.writeHead(200, json).end(bomb));
    assert.deepEqual((await make().getJson(unsaid, 'me')).body, bomb);
  });

  it('name a dead host, a cut answer and one that speaks no HTTP', async () => {
    const dead = createTcpServer();
    const port = await listen(dead);
    await new Promise((done) => dead.close(done));
    open = [];
    await assert.rejects(make().getJson(`http://127.0.0.1:${port}/`, 'me'), refused('refused'));

    const cut = await serve((_request, response) => {
      response.writeHead(200, { ...json, 'content-length': '100' });
      response.write('{', () => response.destroy());
    });
    await assert.rejects(make().getJson(cut, 'me'), refused('connection'));

    const babble = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end('220 mail.example ready\r\n');
    });
    const url = `http://127.0.0.1:${await listen(babble)}/`;
    await assert.rejects(make().getJson(url, 'me'), refused('protocol'));
  });

  it('survive a head of a megabyte', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.write('HTTP/1.1 200 OK\r\nx-long: ');
      socket.write(Buffer.alloc(1024 * 1024, 0x61));
    });
    const url = `http://127.0.0.1:${await listen(server)}/`;
    await assert.rejects(make().getJson(url, 'me'), refused('protocol', /HEADER_OVERFLOW/));
  });

  it('share one fetch among those who ask for the same URL at once', async () => {
    let calls = 0;
    const url = await serve((_request, response) => {
      calls++;
      response.writeHead(200, json).end('{}');
    });
    const outgoing = make();
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => outgoing.getJson(`${url}/#${i}`, `client ${i % 2}`)),
    );
    assert.equal(calls, 1);
    await outgoing.getJson(`${url}/`, 'me');
    assert.equal(calls, 2);
  });

  it('remember a failure for 30 seconds', async () => {
    let calls = 0;
    const url = await serve((_request, response) => {
      response.writeHead(calls++ === 0 ? 500 : 200, json).end('{}');
    });
    const outgoing = make();
    await assert.rejects(outgoing.getJson(url, 'me'), refused('status'));
    now += 29_999;
    await assert.rejects(outgoing.getJson(url, 'other'), refused('status'));
    assert.equal(calls, 1);
    now += 1;
    assert.equal((await outgoing.getJson(url, 'me')).status, 200);
    assert.equal((await outgoing.getJson(url, 'me')).status, 200);
    assert.equal(calls, 3);
  });

  it('are ten a minute for each client', async () => {
    const url = await serve((_request, response) => response.writeHead(200, json).end('{}'));
    const outgoing = make();
    for (let i = 0; i < 10; i++, now += 1000) await outgoing.getJson(`${url}/${i}`, 'me');
    await assert.rejects(outgoing.getJson(url, 'me'), refused('throttled'));
    assert.equal((await outgoing.getJson(url, 'other')).status, 200);
    for (let i = 0; i < 10; i++) assert.equal(await outgoing.postForm(url, 'a=b', 'me'), 200);
    await assert.rejects(outgoing.postForm(url, 'a=b', 'me'), refused('throttled'));
    now += 50_000; // a minute after the first one
    assert.equal((await outgoing.getJson(url, 'me')).status, 200);
    await assert.rejects(outgoing.getJson(url, 'me'), refused('throttled'));
  });

  it('post a form and give the status, whatever it is', async () => {
    let seen: unknown;
    const url = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, headers } = request;
        seen = [method, headers['content-type'], Buffer.concat(chunks).toString()];
        response.writeHead(400).end('no');
      });
    });
    assert.equal(await make().postForm(url, 'logout_token=a.b.c', 'me'), 400);
    assert.deepEqual(seen, ['POST', 'application/x-www-form-urlencoded', 'logout_token=a.b.c']);
  });

  describe('over TLS', () => {
    let dir: string;
    let cert: string;
    let key: string;
    before(function () {
      if (spawnSync('openssl', ['version']).status !== 0) {
        console.log('      no openssl here to make a certificate with');
        this.skip();
      }
      dir = mkdtempSync(join(tmpdir(), 'gatehouse-outgoing-'));
      const [keyFile, certFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
      execFileSync(
        'openssl',
        `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=keys.example -addext subjectAltName=DNS:keys.example -keyout ${keyFile} -out ${certFile}`.split(
          ' ',
        ),
        { stdio: 'ignore' },
      );
      key = readFileSync(keyFile, 'utf8');
      cert = readFileSync(certFile, 'utf8');
    });
    after(() => {
      if (dir) rmSync(dir, { recursive: true });
    });

    const resolve = () => Promise.resolve(['127.0.0.1']);

    it('show the name in SNI and Host while the socket goes to the checked address', async () => {
      let host: string | undefined;
      const names: string[] = [];
      const server = createTlsServer({ key, cert }, (request, response) => {
        host = request.headers.host;
        response.writeHead(200, json).end('{}');
      });
      server.on('secureConnection', (socket) => names.push(String(socket.servername)));
      const port = await listen(server);
      const outgoing = make({ resolve, ca: cert });
      assert.equal((await outgoing.getJson(`https://keys.example:${port}/`, 'me')).status, 200);
      assert.deepEqual([names, host], [['keys.example'], `keys.example:${port}`]);
    });

    it('refuse a certificate of another name, and one of nobody they know', async () => {
      const server = createTlsServer({ key, cert }, (_request, response) =>
        response.writeHead(200, json).end('{}'),
      );
      server.on('tlsClientError', () => undefined);
      const port = await listen(server);
      const trusting = make({ resolve, ca: cert });
      await assert.rejects(
        trusting.getJson(`https://other.example:${port}/`, 'me'),
        refused('tls', /ALTNAME/),
      );
      await assert.rejects(trusting.getJson(`https://127.0.0.1:${port}/`, 'me'), refused('tls'));
      await assert.rejects(
        make({ resolve }).getJson(`https://keys.example:${port}/`, 'me'),
        refused('tls', /SELF_SIGNED/),
      );
    });

    it('refuse a host that speaks no TLS', async () => {
      const url = await serve((_request, response) => response.writeHead(200, json).end('{}'));
      await assert.rejects(make().getJson(url.replace('http:', 'https:'), 'me'), refused('tls'));
    });
  });
});
