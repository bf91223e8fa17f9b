/**
 * What MESH costs: messages sent, fetched and acknowledged, each on disk; a long body in and out; the list of a full inbox.
 * Owns the callers and the data folders. Asserts nothing.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Pool } from 'undici';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { meshMessageCollection, placeOf, type MeshMessage } from '../spine/mesh/messages.ts';
import { writeToken } from '../spine/mesh/token.ts';
import { unlimited } from './messaging.ts';
import { cpuSeconds, memory, startGatehouse, type Running } from './servers.ts';

const version2 = { accept: 'application/vnd.mesh.v2+json' };

/** One mailbox's caller on kept connections. */
function caller(server: Running, mailbox: string, connections: number) {
  const pool = new Pool(server.url, { connections });
  const nonce = crypto.randomUUID();
  let count = 0;
  const authorization = () => {
    const parts = { mailbox, nonce, count: String(count++), now: Date.now() };
    return writeToken(parts, 'password', 'TestKey');
  };
  return {
    async call(
      method: 'GET' | 'POST' | 'PUT',
      path: string,
      headers = {},
      body?: Buffer | Readable,
    ) {
      const answer = await pool.request({
        ...{ method, path: `/messageexchange/${mailbox}${path}` },
        headers: { authorization: authorization(), ...version2, ...headers },
        ...(body === undefined ? {} : { body }),
      });
      return answer;
    },
    close: () => pool.close(),
  };
}

/** How often a second a message is sent, fetched and acknowledged. */
export async function cycles(seconds: number, rounds: number): Promise<readonly string[]> {
  const dir = await folder();
  const server = await startGatehouse(dir);
  const alice = caller(server, 'ALICE', 8);
  const bob = caller(server, 'BOB', 8);
  const body = Buffer.alloc(1024, 'x');
  const to = { 'mex-to': 'BOB', 'mex-workflowid': 'RESTRICTED_WORKFLOW' };
  const times: number[] = [];
  let best = { perSecond: 0, cpu: 0 };
  for (let round = 0; round < rounds; round++) {
    const end = performance.now() + seconds * 1000;
    const [began, before] = [performance.now(), cpuSeconds(server.pid)];
    let done = 0;
    const one = async () => {
      while (performance.now() < end) {
        const start = performance.now();
        const sent = await alice.call('POST', '/outbox', to, body);
        const { message_id: id } = (await sent.body.json()) as { message_id: string };
        const got = await bob.call('GET', `/inbox/${id}`);
        const bytes = await got.body.bytes();
        const acked = await bob.call('PUT', `/inbox/${id}/status/acknowledged`);
        await acked.body.dump();
        if (sent.statusCode !== 202 || bytes.length !== 1024 || acked.statusCode !== 200)
          throw new Error(`a message was answered with ${sent.statusCode}, ${acked.statusCode}`);
        times.push(performance.now() - start);
        done++;
      }
    };
    await Promise.all(Array.from({ length: 8 }, one));
    const perSecond = done / ((performance.now() - began) / 1000);
    const cpu = ((cpuSeconds(server.pid) - before) / done) * 1e6;
    if (perSecond > best.perSecond) best = { perSecond, cpu };
    process.stderr.write(`  round ${round + 1}/${rounds} cycles: ${Math.round(perSecond)}/s\n`);
  }
  times.sort((a, b) => a - b);
  const at = (q: number) => times[Math.floor(times.length * q)]?.toFixed(1) ?? '-';
  await Promise.all([alice.close(), bob.close()]);
  await server.stop();
  await rm(dir, { recursive: true, force: true });
  return [
    `1 KiB sent, fetched and acknowledged, 8 at a time: ${Math.round(best.perSecond)} a second, ${Math.round(best.cpu)} µs of CPU each; p50 ${at(0.5)} ms, p95 ${at(0.95)} ms of all rounds`,
  ];
}

/** What a long body takes of memory, in and out. */
export async function longBody(megabytes: number): Promise<readonly string[]> {
  const dir = await folder();
  const server = await startGatehouse(dir);
  const [alice, bob] = [caller(server, 'ALICE', 1), caller(server, 'BOB', 1)];
  const to = { 'mex-to': 'BOB', 'mex-workflowid': 'RESTRICTED_WORKFLOW' };
  const pass = async (size: number) => {
    const chunk = Buffer.alloc(64 * 1024, 'abcdefgh');
    const made = (function* () {
      for (let at = 0; at < size; at += chunk.length) yield chunk.subarray(0, size - at);
    })();
    const sent = await alice.call(
      'POST',
      '/outbox',
      to,
      Readable.from(made, { objectMode: false }),
    );
    const { message_id: id } = (await sent.body.json()) as { message_id: string };
    const got = await bob.call('GET', `/inbox/${id}`);
    let bytes = 0;
    for await (const one of got.body) bytes += (one as Buffer).length; // without an encoding
    if (bytes !== size) throw new Error(`${bytes} bytes came back of ${size}`);
  };
  for (let i = 0; i < 20; i++) await pass(200_000);
  const before = memory(server.pid).anonymous;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, memory(server.pid).anonymous);
  }, 10);
  const began = performance.now();
  await pass(megabytes * 1024 * 1024);
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watch);
  await Promise.all([alice.close(), bob.close()]);
  await server.stop();
  await rm(dir, { recursive: true, force: true });
  return [
    `${megabytes} MiB in one piece, sent and fetched in ${seconds.toFixed(1)} s: ${Math.round(most - before)} MiB more than the ${Math.round(before)} before`,
  ];
}

/** A page of a small and of a large inbox. */
export async function fullInbox(sizes: readonly number[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const size of sizes) {
    const dir = await folder(size);
    const server = await startGatehouse(dir);
    const bob = caller(server, 'BOB', 1);
    const times: number[] = [];
    for (let i = 0; i < 60; i++) {
      const start = performance.now();
      const page = await bob.call('GET', '/inbox');
      const { messages } = (await page.body.json()) as { messages: string[] };
      if (messages.length !== 500) throw new Error(`a page has ${messages.length} messages`);
      if (i >= 10) times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    lines.push(
      `an inbox of ${size}: a page of 500 in ${times[25]?.toFixed(1) ?? '-'} ms (median of 50), server ready after ${(server.startedIn / 1000).toFixed(1)} s`,
    );
    await bob.close();
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
  return lines;
}

async function folder(waiting = 0): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  await (await startGatehouse(dir)).stop();
  const store = await openEmbeddedStore({ dir });
  await unlimited(store, 'sandbox.mesh');
  if (waiting > 0) await store.bulk(meshMessageCollection, messagesOf(waiting));
  await store.close();
  return dir;
}

function* messagesOf(count: number): Generator<{ id: string; value: MeshMessage }> {
  const start = Date.now() - 3_600_000;
  const inline = Buffer.alloc(1024, 'x').toString('base64');
  for (let n = 0; n < count; n++) {
    const at = start + Math.floor(n / 1000);
    const id = `2026112700000000${String(n).padStart(7, '0').slice(0, 4)}_${String(n).padStart(7, '0').slice(-6)}`;
    const event = { at, state: 'accepted', event: 'TRANSFER', code: '00', text: '' } as const;
    yield {
      id: `sandbox|${id}`,
      value: {
        ...{ environment: 'sandbox', id, kind: 'DATA', sender: 'ALICE', recipient: 'BOB' },
        ...{ workflow: 'RESTRICTED_WORKFLOW', total: 1, state: 'accepted' },
        chunks: [{ n: 1, size: 1024, digest: '', inline }],
        ...{ created: at, touched: at, accepted: at, place: placeOf(at, id), events: [event] },
      },
    };
  }
}
