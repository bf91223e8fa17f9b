/**
 * What callers of a whole platform see when back ends or other callers misbehave: each refusal in the form of its API, what
 * is cut never whole, and everybody else served. The back end alone is in survive-bad-back-ends.test.ts.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseXml, usualXmlLimits } from '../core/xml.ts';
import type { Technology } from '../server/catalogue/apis.ts';
import { startFaultyPeer, type FaultyPeer } from './faulty-peer.ts';
import { callOnce, deployApi, startRecorder, type Recorder, type Seen } from './gateway-ground.ts';
import { framings } from './hostile-framing.ts';
import { sendBytes, sendRaw } from './raw-http.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';
import type { HeldClock } from './token-ground.ts';

const timeout = 400;
/** What a machine with other work may add to it. */
const slack = 600;
const technologies: readonly Technology[] = ['fhir', 'rest', 'soap'];
const code: Readonly<Record<number, string>> = {
  502: 'BAD_GATEWAY',
  503: 'SERVICE_UNAVAILABLE',
  504: 'GATEWAY_TIMEOUT',
};
const kind: Readonly<Record<number, string>> = {
  502: 'upstream',
  503: 'unavailable',
  504: 'timeout',
};

/** Whatever version is named, towards the back end it is 1.1. */
const versions: ReadonlySet<string> = new Set([
  'no version',
  'version 0.9 named',
  'version 2.0 in text',
]);

describe('the gateway as a whole', function () {
  this.timeout(30_000);
  let clock: HeldClock;
  let platform: TestPlatform;
  let peer: FaultyPeer;
  /** Addresses of three APIs over the faulty back end. */
  const at: Record<string, string> = {};
  /** A caller who sends a byte a second, from the beginning on. */
  let dripped: Promise<{ got: string; milliseconds: number }>;

  before(async () => {
    clock = { time: Date.now(), now: () => clock.time, newId: randomUUID };
    peer = await startFaultyPeer();
    platform = await startTestPlatform({ clock, withoutDefaults: true });
    dripped = dripTo(platform.port);
    for (const technology of technologies)
      at[technology] = await deployApi(platform, {
        ...{ id: technology, technology, sensitive: technology === 'fhir' },
        backend: { kind: 'http', url: peer.url, timeout },
        policies: [{ policy: 'request-ids' }, { policy: 'open' }],
      });
  });
  after(async () => {
    const logged = platform.logged();
    await platform.end();
    await peer.stop();
    // Of all this nothing was a fault of the gateway's own.
    for (const fault of ['let an error through', '"status":500', '"kind":"internal"'])
      assert.ok(!logged.includes(fault), fault);
  });
  /** The circuits forget what was. */
  beforeEach(() => {
    clock.time += 60_000;
  });

  describe('over a back end that misbehaves', () => {
    for (const [fault, status] of Object.entries({
      silent: 504,
      'stops-short': 504,
      'ends-short': 502,
      'closes-unanswered': 502,
      garbage: 502,
      'both-lengths': 502,
      'huge-field': 502,
      nul: 502,
    }))
      it(`answers ${fault} with ${status} in the form of each API, and the next call well`, async () => {
        const id = randomUUID();
        const headers = { 'x-request-id': id };
        const all = technologies.map((one) => callOnce(`${at[one]}/${fault}`, { headers }));
        for (const [i, seen] of (await Promise.all(all)).entries()) {
          checkRefusal(technologies[i], seen, status);
          assert.equal(seen.fields['x-request-id'], id);
          assert.ok(seen.milliseconds < (status === 504 ? timeout : 0) + slack);
          assert.equal((await callOnce(`${at[technologies[i] ?? '']}/ok`)).body, 'fine');
        }
      });

    for (const fault of ['stops', 'resets', 'ends-long', 'ends-chunked'])
      it(`never lets an answer that ${fault} look whole`, async () => {
        const all = technologies.map((one) => callOnce(`${at[one]}/${fault}`));
        for (const { status, whole, milliseconds } of await Promise.all(all)) {
          assert.deepEqual([status, whole], [200, false]);
          assert.ok(milliseconds < timeout + slack);
        }
      });

    it('stops an endless answer when its caller leaves', async () => {
      const outgoing = request(`${at.rest}/endless`, { agent: false });
      outgoing.on('error', () => undefined);
      outgoing.end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage]; // what the event brings
      response.on('error', () => undefined).resume();
      await once(response, 'data');
      const ended = peer.ended();
      outgoing.destroy();
      const left = performance.now();
      while (peer.ended() === ended && performance.now() - left < 2000) await sleep(5);
      assert.ok(performance.now() - left < 1000);
    });

    it('serves the siblings of a silent one as ever', async () => {
      const silent = Array.from({ length: 60 }, () => callOnce(`${at.fhir}/silent`));
      await sleep(50);
      for (let i = 0; i < 20; i++) {
        const { status, milliseconds } = await callOnce(`${at.rest}/ok`);
        assert.equal(status, 200);
        assert.ok(milliseconds < timeout * 0.9, `${milliseconds} ms`);
      }
      for (const seen of await Promise.all(silent)) checkRefusal('fhir', seen, [503, 504]);
    });

    it('keeps callers off one that is down, tells them when to come, and heals', async () => {
      const down = await startFaultyPeer();
      const backend = { kind: 'http', url: down.url, timeout } as const;
      const address = await deployApi(platform, { id: 'down', technology: 'fhir', backend });
      await down.stop();
      for (let i = 0; i < 10; i++) checkRefusal('fhir', await callOnce(address), 502);
      const kept = await callOnce(address);
      checkRefusal('fhir', kept, 503);
      assert.equal(kept.fields['retry-after'], '1');
      assert.ok(kept.milliseconds < 100 + slack);
      assert.equal((await callOnce(`${at.fhir}/ok`)).status, 200);
      await down.restart();
      clock.time += 1000;
      assert.equal((await callOnce(address)).status, 200);
      assert.ok(/"circuit":"open".*"proxy":"sandbox.down"/.test(platform.logged()));
      await down.stop();
    });

    it('fails none of 200 calls when the back end restarts between them', async () => {
      const agent = new Agent({ keepAlive: true });
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 40; i++) {
          const { status, body } = await callOnce(`${at.fhir}/ok`, { agent });
          assert.deepEqual([status, body], [200, 'fine']);
        }
        await peer.restart();
      }
      agent.destroy();
    });

    it('puts a new revision in service without a failed call, and keeps the old one when the new is none', async () => {
      const url = await deployApi(platform, {
        id: 'moving',
        backend: { kind: 'http', url: peer.url },
      });
      let going = true;
      const statuses = new Set<string>();
      const load = Array.from({ length: 4 }, async () => {
        const agent = new Agent({ keepAlive: true });
        while (going) {
          const { status, whole } = await callOnce(`${url}/tagged/late`, { agent });
          statuses.add(`${status} ${whole}`);
        }
        agent.destroy();
      });
      for (let i = 0; i < 5; i++)
        await deployApi(platform, { id: 'moving', backend: { kind: 'http', url: peer.url } });
      await deployApi(platform, {
        ...{ id: 'moving', backend: { kind: 'http', url: peer.url } },
        policies: [{ policy: 'no-such' }, { policy: 'open' }],
        wait: false,
      });
      const refused = () => platform.logged().includes('There is no policy no-such');
      for (let tries = 0; tries < 200 && !refused(); tries++) await sleep(10);
      await sleep(50);
      going = false;
      await Promise.all(load);
      assert.deepEqual([...statuses], ['200 true']);
      assert.ok(refused());
    });
  });

  describe('towards callers that misbehave', () => {
    let recorder: Recorder;
    let base: string;
    before(async () => {
      // Answers when the request has come to its end, as a back end that reads bodies does.
      recorder = await startRecorder((incoming, response) => {
        incoming.once('end', () => response.end('fine'));
      });
      const backend = { kind: 'http', url: recorder.url } as const;
      await deployApi(platform, { id: 'plain', backend });
      base = '/env/sandbox/plain';
    });
    after(() => recorder.end());
    beforeEach(() => recorder.seen.splice(0));
    const passedOn = () => recorder.seen.filter(({ complete }) => complete);

    for (const path of [
      '/%zz',
      '/%',
      '/%00',
      '/a%00b',
      '/%c0%af',
      '/%ed%a0%80',
      '/../x',
      '/a/../../x',
      '/%2e%2e/x',
      '/..%2fx',
      '/..%5cx',
      '/a\\..\\x',
    ])
      it(`refuses ${path} with 400, and passes nothing on`, async () => {
        const { status, body } = await sendRaw(platform.port, { path: base + path });
        assert.equal(status, 400);
        assert.equal(JSON.parse(body).status, 400);
        assert.equal(recorder.seen.length, 0);
      });

    for (const path of ['/%20', '/a%2Fb', '/%C3%A9', '//a', '/a;b=c', '/?a=%zz', '/?__proto__=1'])
      it(`passes ${path} on as it is`, async () => {
        assert.equal((await sendRaw(platform.port, { path: base + path })).status, 200);
        assert.equal(recorder.seen[0]?.url, path);
      });

    it('passes nothing on that is framed wrongly, and all that is not, once', async () => {
      const faults: string[] = [];
      const pds = /\/personal-demographics\/FHIR\/R4\/Patient(\/9000000009)?/g;
      for (const { name, bytes, expect } of framings) {
        if (versions.has(name)) continue;
        recorder.seen.splice(0);
        const answer = await sendBytes(platform.port, bytes.replace(pds, `${base}/a`), 4000);
        const refused = answer.status === 0 || (answer.status >= 400 && answer.status < 500);
        const passed = passedOn().length;
        const good =
          expect === 'refused' ? refused && passed === 0 : answer.status < 500 && passed <= 1;
        if (!good || answer.answers > 1 || !answer.closed)
          faults.push(
            `${name}: ${answer.status}, ${answer.answers} answers, ${passed} passed on, closed ${answer.closed}`,
          );
      }
      assert.deepEqual(faults, []);
    });

    it('refuses a huge address and too many fields with 4xx, and passes many fields on whole', async () => {
      const long = await sendRaw(platform.port, { path: `${base}/${'a'.repeat(20_000)}` });
      assert.equal(long.status, 431);
      const fields = (count: number) =>
        Array.from({ length: count }, (_, i) => [`a${i}`, ''] as const);
      const many = await sendRaw(platform.port, { path: base, headers: fields(10_000) });
      assert.equal(many.status, 431);
      assert.equal(recorder.seen.length, 0);
      assert.equal(
        (await sendRaw(platform.port, { path: base, headers: fields(900) })).status,
        200,
      );
      assert.equal(recorder.seen[0]?.headers.a899, '');
    });

    it('serves others while hundreds of connections stand idle or half open', async () => {
      const sockets = Array.from({ length: 400 }, (_, i) => {
        const socket = connect(platform.port, '127.0.0.1');
        socket.on('error', () => undefined);
        if (i % 8 === 0)
          socket.write(`POST ${base}/a HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n`);
        return socket;
      });
      for (let i = 0; i < 20; i++)
        assert.equal((await callOnce(`${platform.url}${base}/a`)).status, 200);
      for (const socket of sockets) socket.destroy();
    });

    it('gives each of 600 callers its own answer, while many leave', async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 32 });
      let [swapped, answered] = [0, 0];
      const one = async (i: number) => {
        const tag = `t${i}`;
        const long = i % 5 === 0;
        const signal = i % 7 === 0 ? AbortSignal.timeout(i % 11) : undefined;
        const seen = await callOnce(`${at.fhir}/tagged/${long ? 'long' : 'late'}`, {
          ...{ agent, headers: { 'x-tag': tag } },
          ...(signal ? { signal } : {}),
        });
        if (!seen.whole) return;
        assert.equal(seen.status, 200, seen.body);
        answered++;
        if (seen.fields['x-tag'] !== tag) swapped++;
        if (seen.body !== (long ? `${tag};`.repeat(15_000) : tag)) swapped++;
      };
      for (let i = 0; i < 600; i += 50)
        await Promise.all(Array.from({ length: 50 }, (_, n) => one(i + n)));
      agent.destroy();
      assert.equal(swapped, 0);
      assert.ok(answered > 450, `${answered} answered`);
    });

    it('cuts off a caller that sends a byte a second', async () => {
      const { got, milliseconds } = await dripped;
      assert.match(got, /^HTTP\/1\.1 408 /);
      assert.ok(milliseconds < 13_000, `${milliseconds} ms`);
    });
  });

  describe('with more calls than it can answer', () => {
    it('turns a part away at once with 503 and Retry-After, and takes all again soon after', async () => {
      const slow = await startRecorder((_request, response) => {
        setTimeout(() => response.end('fine'), 1000);
      });
      for (const technology of technologies)
        await deployApi(platform, {
          ...{ id: `slow-${technology}`, technology },
          backend: { kind: 'http', url: slow.url, connections: 200 },
        });
      const calls = (count: number) =>
        Array.from({ length: count }, (_, i) => {
          const technology = technologies[i % 3] ?? 'rest';
          return callOnce(`${platform.url}/slow-${technology}`).then((seen) => ({
            technology,
            seen,
          }));
        });
      const running = calls(60);
      while (slow.seen.length < 60) await sleep(10);
      let tooMuch = true;
      const toil = () => {
        const began = performance.now();
        while (performance.now() - began < 15);
        if (tooMuch) setImmediate(toil); // the loop never rests, as it does not with too much to do
      };
      toil();
      await sleep(600);
      const more = await Promise.all(calls(90)).finally(() => {
        tooMuch = false;
      });
      const refused = more.filter(({ seen }) => seen.status !== 200);
      assert.ok(refused.length > 5 && refused.length < 90, `${refused.length} refused`);
      for (const { technology, seen } of refused) {
        checkRefusal(technology, seen, 503, 'OVERLOADED');
        assert.equal(seen.fields['retry-after'], '1');
        assert.ok(seen.milliseconds < 3000, `${seen.milliseconds} ms`);
      }
      for (const { seen } of await Promise.all(running)) assert.equal(seen.status, 200);
      for (const { seen } of await Promise.all(calls(9))) assert.equal(seen.status, 200);
      await slow.end();
    });
  });

  describe('when it is stopped', () => {
    it('loses no call that it took', async () => {
      const slow = await startRecorder((_request, response) => {
        setTimeout(() => response.end('fine'), 30);
      });
      const stopping = await startTestPlatform({ withoutDefaults: true });
      const address = await deployApi(stopping, {
        ...{ id: 'slow', technology: 'fhir', sensitive: true },
        backend: { kind: 'http', url: slow.url },
      });
      const ends: string[] = [];
      let answered = 0;
      const load = Array.from({ length: 16 }, async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        for (;;) {
          const { status, body, whole, code: error } = await callOnce(address, { agent });
          if (status === 200 && whole && body === 'fine') answered++;
          else {
            ends.push(`${status} ${error}`);
            break;
          }
        }
        agent.destroy();
      });
      while (answered < 50) await sleep(5);
      await stopping.stop(500);
      await Promise.all(load);
      assert.deepEqual(new Set(ends), new Set(['0 ECONNREFUSED']));
      rmSync(stopping.dataDir, { recursive: true, force: true });
      await slow.end();
    });
  });
});

/** A refusal in the form of its API, which names nothing of the back end. */
function checkRefusal(
  technology: Technology | undefined,
  { status, body, whole, fields }: Seen,
  expected: number | readonly number[],
  named = code[status],
): void {
  assert.ok([expected].flat().includes(status), `${status} ${body}`);
  assert.ok(whole);
  const type = fields['content-type'];
  if (technology === 'fhir') {
    assert.equal(type, 'application/fhir+json');
    const { resourceType, issue } = JSON.parse(body);
    assert.deepEqual([resourceType, issue[0].details.coding[0].code], ['OperationOutcome', named]);
  } else if (technology === 'rest') {
    assert.equal(type, 'application/problem+json');
    assert.equal(JSON.parse(body).status, status);
  } else {
    assert.equal(type, 'text/xml');
    assert.equal(parseXml(body, usualXmlLimits).name, 'Envelope');
    assert.match(body, new RegExp(`<soap:Fault>.*<kind[^>]*>${kind[status]}</kind>`));
  }
  assert.doesNotMatch(body, /127\.0\.0\.1|localhost|\bat .*:\d+:\d+/);
}

function dripTo(port: number): Promise<{ got: string; milliseconds: number }> {
  const began = performance.now();
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let got = '';
    const drip = setInterval(() => socket.write('a'), 1000);
    socket.write('GET /rest/ok HTTP/1.1\r\nhost: a\r\nx-a: ');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.once('close', () => {
      clearInterval(drip);
      resolve({ got, milliseconds: performance.now() - began });
    });
  });
}
