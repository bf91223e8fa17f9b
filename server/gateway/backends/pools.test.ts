import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { openPools, type Pools } from './pools.ts';
import type { WireControl, WireHandler, WireRequest } from './wire/wire.ts';

const ok = (body: string, more = '') =>
  `HTTP/1.1 200 OK\r\n${more}content-length: ${body.length}\r\n\r\n${body}`;

/** Hears one answer as text, or the code of its failure. */
class Ear implements WireHandler {
  readonly told: Promise<string>;
  started = false;
  #tell: (text: string) => void = () => undefined;
  #body = '';

  constructor() {
    this.told = new Promise((resolve) => (this.#tell = resolve));
  }
  onRequestStart() {
    this.started = true;
  }
  onResponseStart(_control: WireControl, status: number) {
    this.#body = `${status} `;
  }
  onResponseData(_control: WireControl, chunk: Buffer) {
    this.#body += chunk.toString();
  }
  onResponseEnd() {
    this.#tell(this.#body);
  }
  onResponseError(error: Error & { code?: string }) {
    this.#tell(`failed ${error.code ?? error.message}`);
  }
}

describe('connections to one back end', () => {
  let server: Server;
  let heads: string[];
  let sockets: Socket[];
  let answer: (socket: Socket, text: string) => void;
  const open: Pools[] = [];

  beforeEach(async () => {
    heads = [];
    sockets = [];
    answer = (socket) => socket.write(ok('fine'));
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        heads.push(chunk.toString());
        answer(socket, chunk.toString());
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    for (const pools of open.splice(0)) await pools.close();
    server.close();
  });

  const poolsOf = (connections = 1, patience = 1000) => {
    const { port } = server.address() as AddressInfo; // it listens on a port
    const pools = openPools({
      ...{ origin: `http://127.0.0.1:${port}`, connections, patience },
      ...{ judge: () => true, tls: {} },
    });
    open.push(pools);
    return pools;
  };
  const get = (path = '/a'): WireRequest => ({ method: 'GET', path, headers: [], body: undefined });
  const ask = (pools: Pools, request: WireRequest, fresh = false) => {
    const ear = new Ear();
    pools.send(request, ear, fresh);
    return ear.told;
  };

  it('carry one request after another, and make no more than they may', async () => {
    const pools = poolsOf(2);
    const told = await Promise.all(['/1', '/2', '/3', '/4', '/5'].map((p) => ask(pools, get(p))));
    assert.deepEqual(new Set(told), new Set(['200 fine']));
    assert.equal(sockets.length, 2);
    assert.equal(heads.length, 5);
    assert.match(heads[0] ?? '', /^GET \/1 HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/);
  });

  it('pass over a request whose hearer has gone meanwhile', async () => {
    const pools = poolsOf();
    const first = ask(pools, get('/1'));
    const gone = new Ear();
    gone.onRequestStart = () => {
      throw new Error('gone');
    };
    pools.send(get('/2'), gone);
    const third = ask(pools, get('/3'));
    assert.deepEqual(await Promise.all([first, gone.told, third]), [
      '200 fine',
      'failed gone',
      '200 fine',
    ]);
    assert.deepEqual(
      heads.map((head) => head.slice(4, 6)),
      ['/1', '/3'],
    );
  });

  it('are given up when they have said what nobody asked for', async () => {
    const pools = poolsOf();
    await ask(pools, get());
    sockets[0]?.write(ok('poisoned'));
    await once(sockets[0] ?? server, 'close');
    assert.equal(await ask(pools, get()), '200 fine');
    assert.equal(sockets.length, 2);
  });

  it('are not used again after an answer with more behind it', async () => {
    answer = (socket) => socket.write(ok('fine') + ok('poisoned'));
    const pools = poolsOf();
    assert.equal(await ask(pools, get()), '200 fine');
    answer = (socket) => socket.write(ok('own'));
    assert.equal(await ask(pools, get()), '200 own');
  });

  it('are made anew for a repeat, and none that lay idle is trusted', async () => {
    const pools = poolsOf(3);
    await Promise.all([ask(pools, get()), ask(pools, get()), ask(pools, get())]);
    assert.equal(await ask(pools, get(), true), '200 fine');
    assert.equal(sockets.length, 4);
  });

  it('are left alone when the other side soon ends them', async () => {
    answer = (socket) => socket.write(ok('fine', 'keep-alive: timeout=2\r\n'));
    const pools = poolsOf();
    await ask(pools, get());
    await ask(pools, get());
    assert.equal(sockets.length, 2, 'two seconds are too short to be trusted');
  });

  it('tell a dead connection from an answer that broke off', async () => {
    answer = (socket) => socket.destroy();
    assert.match(await ask(poolsOf(), get()), /^failed (closed|ECONNRESET)$/);
    answer = (socket) => socket.end('HTTP/1.1 200 OK\r\nconte');
    assert.equal(await ask(poolsOf(), get()), 'failed unsound');
  });

  it('send a body as it comes, with its length or in chunks', async () => {
    let got = '';
    answer = (socket, text) => {
      got += text;
      if (got.endsWith('world') || got.endsWith('0\r\n\r\n')) socket.write(ok('fine'));
    };
    const body = () => Readable.from([Buffer.from('hello '), Buffer.from('world')]);
    const pools = poolsOf();
    const post = { method: 'POST', path: '/', headers: [] };
    assert.equal(await ask(pools, { ...post, body: body(), length: 11 }), '200 fine');
    assert.match(got, /\r\ncontent-length: 11\r\n\r\nhello world$/);
    got = '';
    assert.equal(await ask(pools, { ...post, body: body() }), '200 fine');
    assert.match(
      got,
      /\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n$/,
    );
    assert.equal(sockets.length, 1);
  });

  it('send no body that is longer or shorter than was said', async () => {
    answer = () => undefined;
    const post = { method: 'POST', path: '/', headers: [] };
    for (const length of [4, 6]) {
      const body = Readable.from([Buffer.from('hello')]);
      assert.equal(await ask(poolsOf(), { ...post, body, length }), 'failed unfit');
    }
  });

  it('are not used again when an answer comes before all of the body', async () => {
    const pools = poolsOf();
    const body = new Readable({ read: () => undefined });
    body.push('begun');
    assert.equal(
      await ask(pools, { method: 'POST', path: '/', headers: [], body, length: 100 }),
      '200 fine',
    );
    assert.equal(body.destroyed, true);
    assert.equal(await ask(pools, get()), '200 fine');
    assert.equal(sockets.length, 2);
  });

  it('send nothing that would be read as something else', async () => {
    const pools = poolsOf();
    const bad: readonly WireRequest[] = [
      get('/a b'),
      get('/a\r\nx: y'),
      { ...get(), method: 'GET /' },
      { ...get(), headers: ['x', 'a\r\ny: b'] },
      { ...get(), headers: ['x\r\ny', 'b'] },
      { ...get(), headers: ['x', 'a\0'] },
      { ...get(), headers: ['x', '\u0130'] },
    ];
    for (const request of bad) assert.equal(await ask(pools, request), 'failed unfit');
    assert.equal(await ask(pools, get()), '200 fine');
    assert.equal(heads.length, 1);
  });

  it('fail those who wait when none can be made, and try again for the next', async () => {
    const pools = poolsOf(1);
    const { port } = server.address() as AddressInfo; // as above
    server.close();
    await once(server, 'close');
    assert.deepEqual(
      new Set(await Promise.all([ask(pools, get()), ask(pools, get()), ask(pools, get())])),
      new Set(['failed ECONNREFUSED']),
    );
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    assert.equal(await ask(pools, get()), '200 fine');
  });

  it('end when they are closed, and what runs is answered first', async () => {
    let let_go: () => void = () => undefined;
    answer = (socket) => {
      let_go = () => socket.write(ok('late'));
    };
    const pools = poolsOf();
    const running = ask(pools, get());
    while (heads.length === 0) await new Promise(setImmediate);
    const closed = pools.close();
    let_go();
    assert.equal(await running, '200 late');
    await closed;
  });
});
