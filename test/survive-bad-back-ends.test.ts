import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { startBackEndGround, type BackEndGround } from './back-end-ground.ts';
import { startFaultyPeer, type FaultyPeer } from './faulty-peer.ts';
import { sendBytes, sendRaw } from './raw-http.ts';

const timeout = 400;
/** What a machine with other work may add to it. */
const slack = 400;

interface Seen {
  readonly status: number;
  readonly body: string;
  /** Whether the answer came to its end as HTTP counts it. */
  readonly whole: boolean;
  readonly milliseconds: number;
  readonly fields: IncomingMessage['headers'];
}

/** Calls and reads to the end, whichever it is. */
function call(url: string, options: object = {}, body?: Buffer): Promise<Seen> {
  const began = performance.now();
  return new Promise((resolve) => {
    const outgoing = request(url, { agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => undefined); // `complete` tells it
      response.once('close', () => {
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          whole: response.complete,
          milliseconds: performance.now() - began,
          fields: response.headers,
        });
      });
    });
    outgoing.once('error', () => {
      const milliseconds = performance.now() - began;
      resolve({ status: 0, body: '', whole: false, milliseconds, fields: {} });
    });
    outgoing.end(body);
  });
}

describe('a back end that misbehaves', () => {
  let peer: FaultyPeer;
  let ground: BackEndGround;

  before(async () => {
    peer = await startFaultyPeer();
  });
  after(() => peer.stop());
  beforeEach(async () => {
    ground = await startBackEndGround({ kind: 'http', url: peer.url, timeout });
  });
  afterEach(() => ground.close());

  const at = (fault: string, options?: object) => call(`${ground.url}/${fault}`, options);

  /** Row by row what callers see; what comes next on the same back end is fine again. */
  const rows: Readonly<Record<string, { status: number; whole: boolean; late?: boolean }>> = {
    silent: { status: 504, whole: true, late: true },
    'drip-head': { status: 504, whole: true, late: true },
    'drip-short': { status: 504, whole: true, late: true },
    'stops-short': { status: 504, whole: true, late: true },
    stops: { status: 200, whole: false, late: true },
    'stops-long': { status: 200, whole: false, late: true },
    resets: { status: 200, whole: false },
    'ends-chunked': { status: 200, whole: false },
    'ends-long': { status: 200, whole: false },
    'ends-short': { status: 502, whole: true },
    'closes-unanswered': { status: 502, whole: true },
    'resets-unanswered': { status: 502, whole: true },
    garbage: { status: 502, whole: true },
    'http-0.9': { status: 502, whole: true },
    'both-lengths': { status: 502, whole: true },
    'two-lengths': { status: 502, whole: true },
    'bad-length': { status: 502, whole: true },
    'bad-chunk': { status: 0, whole: false },
    nul: { status: 502, whole: true },
    'no-status': { status: 502, whole: true },
    'status-999': { status: 502, whole: true },
    'huge-field': { status: 502, whole: true },
    'many-fields': { status: 502, whole: true },
    switches: { status: 502, whole: true },
  };
  // Twenty thousand fields cost the parser some time before it has had enough.
  for (const [fault, { status, whole, late = false }] of Object.entries(rows))
    it(`answers ${fault} with ${status}${whole ? '' : ', seen as broken'} ${late ? 'at the deadline' : 'at once'}, and the next call well`, async () => {
      const ended = peer.ended();
      const seen = await at(fault);
      assert.deepEqual([seen.status, seen.whole], [status, whole], seen.body);
      if (late) assert.ok(seen.milliseconds > timeout * 0.9, `${seen.milliseconds} ms`);
      const most = (late ? timeout : 0) + (fault === 'many-fields' ? 10 * slack : slack);
      assert.ok(seen.milliseconds < most, `${seen.milliseconds} ms`);
      if (seen.status >= 500) assert.match(seen.body, /"kind":"(upstream|timeout)"/);
      assert.equal((await at('ok')).body, 'fine');
      const end = performance.now() + 500;
      while (peer.ended() === ended && performance.now() < end) await new Promise(setImmediate);
      assert.ok(peer.ended() > ended, 'the connection of the fault is closed');
    });

  for (const fault of ['ok', 'hints', 'trailers', 'http-1.0', 'two'])
    it(`takes ${fault} for a whole answer, and the next call gets its own`, async () => {
      const seen = await at(fault);
      assert.deepEqual([seen.status, seen.whole], [200, true]);
      assert.match(seen.body, /^(fine|first|until the end)$/);
      assert.equal((await at('ok')).body, 'fine');
    });

  it('lets an answer that drips go on for as long as something comes', async () => {
    const raw = await sendRaw(ground.port, { path: '/api/drip' }, timeout * 3);
    assert.equal(raw.status, 200);
    assert.equal(raw.closed, false);
  });

  it('answers within 100 ms when nothing listens, then keeps callers off, then tries again', async () => {
    await ground.close();
    let now = 1_000_000;
    const clock = { now: () => now, newId: () => 'id' };
    const down = await startFaultyPeer();
    ground = await startBackEndGround({ kind: 'http', url: down.url, timeout }, { clock });
    await down.stop();
    for (let i = 0; i < 10; i++) {
      const seen = await at('ok');
      assert.equal(seen.status, 502);
      if (i > 0) assert.ok(seen.milliseconds < 100, `${seen.milliseconds} ms`);
    }
    assert.deepEqual(ground.backend.condition?.(), { circuit: 'open' });
    const kept = await at('ok');
    assert.equal(kept.status, 503);
    assert.equal(kept.fields['retry-after'], '1');
    await down.restart();
    now += 1000;
    assert.equal((await at('ok')).status, 200);
    assert.deepEqual(ground.backend.condition(), { circuit: 'closed' });
    await down.stop();
  });

  it('opens no circuit for answers that say no, nor for 500', async () => {
    for (const status of [400, 401, 404, 429, 500])
      for (let i = 0; i < 12; i++) assert.equal((await at(`status/${status}`)).status, status);
    assert.deepEqual(ground.backend.condition?.(), { circuit: 'closed' });
    for (let i = 0; i < 10; i++) assert.equal((await at('status/503')).status, 503);
    assert.deepEqual(ground.backend.condition(), { circuit: 'open' });
  });

  it('fails none of 1,000 GETs when the back end restarts between them', async () => {
    await ground.close();
    ground = await startBackEndGround({ kind: 'http', url: peer.url });
    const agent = new Agent({ keepAlive: true });
    const ok = async () => {
      const seen = await at('ok', { agent });
      assert.deepEqual([seen.status, seen.body], [200, 'fine']);
    };
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 10 }, ok));
      for (let i = 0; i < 40; i++) await ok();
      await peer.restart();
    }
    agent.destroy();
  });

  it('sends a GET again when the kept connection was dead, and never a POST or a DELETE', async () => {
    const server = createSocketServer((socket) => {
      let answered = 0;
      socket.on('error', () => undefined);
      // Each connection answers once, and drops the next request as a process does that has just gone.
      socket.on('data', () => {
        if (answered++ > 0) socket.resetAndDestroy();
        else setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'), 20);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
    const dead = await startBackEndGround({ kind: 'http', url, timeout, connections: 4 });
    /** Four kept connections, each of which is dead. */
    const four = () => Promise.all(Array.from({ length: 4 }, () => call(`${dead.url}/a`)));
    const post = (length: number) =>
      call(`${dead.url}/a`, { method: 'POST' }, Buffer.alloc(length, 'x'));
    await four();
    assert.equal((await call(`${dead.url}/a`)).status, 200);
    assert.deepEqual(
      dead.facts.map(({ target }) => target?.retries),
      [0, 0, 0, 0, 1],
    );
    await call(`${dead.url}/a`); // on a new connection, which is kept
    assert.equal((await post(10)).status, 502);
    await call(`${dead.url}/a`);
    assert.equal((await call(`${dead.url}/a`, { method: 'DELETE' })).status, 502);
    await dead.close();
    server.close();
  });

  it('stops an endless answer when its caller leaves, and holds little of it', async () => {
    const before = process.memoryUsage().rss;
    const outgoing = request(`${ground.url}/endless`, { agent: false });
    outgoing.on('error', () => undefined);
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]; // what the event brings
    response.on('error', () => undefined);
    let got = 0;
    await new Promise<void>((resolve) => {
      response.on('data', (chunk: Buffer) => {
        got += chunk.length;
        if (got > 20 * 1024 * 1024) resolve();
      });
    });
    response.pause(); // a slow caller slows the back end down
    let still = 0;
    for (let last = -1; last !== peer.written() && still < 200; still++) {
      last = peer.written();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok(peer.written() - got < 16 * 1024 * 1024, `${peer.written() - got} bytes waiting`);
    await new Promise((resolve) => setTimeout(resolve, timeout * 1.5)); // a slow caller is no fault of the back end's
    assert.equal(response.destroyed, false);
    const ended = peer.ended();
    outgoing.destroy();
    const left = performance.now();
    while (peer.ended() === ended && performance.now() - left < 2000)
      await new Promise(setImmediate);
    assert.ok(performance.now() - left < 1000, 'the connection to the back end is closed');
    const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
    assert.ok(grown < 100, `${grown} MB more`);
    assert.deepEqual(ground.backend.condition?.(), { circuit: 'closed' });
  });

  it('gives up a call whose caller leaves before there is an answer', async () => {
    await ground.close();
    ground = await startBackEndGround({ kind: 'http', url: peer.url, timeout: 60_000 });
    const outgoing = request(`${ground.url}/silent`, { agent: false });
    outgoing.on('error', () => undefined);
    outgoing.end();
    const made = peer.made();
    while (peer.made() === made) await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 150)); // the first look at running calls
    const ended = peer.ended();
    outgoing.destroy();
    const left = performance.now();
    while (peer.ended() === ended && performance.now() - left < 2000)
      await new Promise(setImmediate);
    assert.ok(performance.now() - left < 1000);
  });

  it('answers those who wait for a connection at the same deadline', async () => {
    await ground.close();
    ground = await startBackEndGround({ kind: 'http', url: peer.url, timeout, connections: 2 });
    const seen = await Promise.all(Array.from({ length: 8 }, () => at('silent')));
    for (const { status, milliseconds } of seen) {
      assert.equal(status, 504);
      assert.ok(milliseconds < timeout + slack, `${milliseconds} ms`);
    }
    assert.equal((await at('ok')).status, 200);
  });

  it('refuses at once more callers than can ever get a turn', async () => {
    await ground.close();
    ground = await startBackEndGround({ kind: 'http', url: peer.url, timeout, connections: 1 });
    const seen = await Promise.all(Array.from({ length: 40 }, () => at('silent')));
    const refused = seen.filter(({ status }) => status === 503);
    assert.equal(refused.length, 8);
    for (const { fields } of refused) assert.equal(fields['retry-after'], '1');
  });

  it('ends at the deadline when the host is gone without a word', async () => {
    // A process that is stopped keeps its sockets: connections are made, and nothing ever comes.
    const script =
      "const s=require('node:http').createServer((q,r)=>r.end('alive')).listen(0,'127.0.0.1',()=>console.log(s.address().port))";
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = (await once(child.stdout, 'data')) as [Buffer]; // what the event brings
    const url = `http://127.0.0.1:${port.toString().trim()}`;
    const half = await startBackEndGround({ kind: 'http', url, timeout });
    try {
      assert.equal((await call(`${half.url}/a`)).body, 'alive');
      child.kill('SIGSTOP');
      for (let i = 0; i < 2; i++) {
        const seen = await call(`${half.url}/a`);
        assert.equal(seen.status, 504);
        assert.ok(seen.milliseconds < timeout + slack, `${seen.milliseconds} ms`);
      }
      child.kill('SIGCONT');
      assert.equal((await call(`${half.url}/a`)).body, 'alive');
    } finally {
      child.kill('SIGKILL');
      await half.close();
    }
  });

  it('gives each of 3,000 callers its own answer, while many leave before it comes', async () => {
    await ground.close();
    ground = await startBackEndGround({ kind: 'http', url: peer.url });
    const agent = new Agent({ keepAlive: true, maxSockets: 32 });
    let [swapped, answered] = [0, 0];
    const one = async (i: number) => {
      const tag = `t${i}`;
      const kind = i % 7 === 0 ? 'late' : i % 5 === 0 ? 'long' : 'now';
      const outgoing = request(`${ground.url}/tagged/${kind}`, {
        agent,
        headers: { 'x-tag': tag },
      });
      outgoing.on('error', () => undefined);
      outgoing.end();
      if (i % 7 === 0) setTimeout(() => outgoing.destroy(), i % 11);
      const [response] = (await Promise.race([
        once(outgoing, 'response'),
        once(outgoing, 'close'),
      ]).catch(() => [])) as [IncomingMessage?];
      if (!response) return;
      response.on('error', () => undefined);
      if (response.headers['x-tag'] !== tag) swapped++;
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
        if (i % 35 === 0) outgoing.destroy();
      });
      await once(response, 'close');
      if (!response.complete) return;
      answered++;
      if (body !== (kind === 'long' ? `${tag};`.repeat(15_000) : tag)) swapped++;
    };
    for (let i = 0; i < 3000; i += 50)
      await Promise.all(Array.from({ length: 50 }, (_, n) => one(i + n)));
    agent.destroy();
    assert.equal(swapped, 0);
    assert.ok(answered > 2000, `${answered} answered`);
  }).timeout(60_000);
});

describe('a caller that misbehaves towards a back end', () => {
  it('is told 504 when the back end takes nothing of its body', async () => {
    const server = createSocketServer((socket) => {
      socket.on('error', () => undefined);
      socket.pause(); // accepts, and never reads
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
    const ground = await startBackEndGround({ kind: 'http', url, timeout });
    const began = performance.now();
    const body = Buffer.alloc(32 * 1024 * 1024);
    const seen = await call(`${ground.url}/a`, { method: 'PUT' }, body);
    assert.equal(seen.status, 504);
    assert.ok(performance.now() - began < timeout + 2000);
    await ground.close();
    server.close();
  });

  it('never makes a body that it cut look whole to the back end', async () => {
    const ends: boolean[] = [];
    const server = createServer((incoming) => {
      incoming.resume();
      incoming.on('error', () => undefined);
      incoming.once('close', () => ends.push(incoming.complete));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
    const ground = await startBackEndGround({ kind: 'http', url, timeout: 5000 });
    const heads = ['content-length: 100000', 'transfer-encoding: chunked'];
    for (const [i, framing] of heads.entries()) {
      const part = i === 0 ? 'x'.repeat(50_000) : `c350\r\n${'x'.repeat(50_000)}\r\n`;
      await sendBytes(
        ground.port,
        `POST /api/a HTTP/1.1\r\nhost: a\r\n${framing}\r\n\r\n${part}`,
        200,
      );
      const end = performance.now() + 2000;
      while (ends.length <= i && performance.now() < end) await new Promise(setImmediate);
    }
    assert.deepEqual(ends, [false, false]);
    assert.deepEqual(ground.backend.condition?.(), { circuit: 'closed' });
    await ground.close();
    server.close();
  });
});
