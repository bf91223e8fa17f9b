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
function caller(server: Pick<Running, 'url'>, mailbox: string, connections: number) {
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

/** What takes the same messages: ours, and another that is beside it. */
interface Target {
  readonly name: string;
  readonly alice: ReturnType<typeof caller>;
  readonly bob: ReturnType<typeof caller>;
  readonly rounds: number[];
  readonly times: number[];
}

/**
 * How often a second a message is sent, fetched and acknowledged; by another server in turn, where its address is given, so
 * that both have the same machine.
 * @param beside its address, with mailboxes X26ABC1 and X26ABC2, password `password`, shared key `TestKey`
 */
export async function cycles(
  seconds: number,
  rounds: number,
  beside = '',
): Promise<readonly string[]> {
  const dir = await folder();
  const server = await startGatehouse(dir);
  const targetOf = (name: string, at: Pick<Running, 'url'>): Target => {
    const [alice, bob] = [caller(at, 'X26ABC1', 8), caller(at, 'X26ABC2', 8)];
    return { name, alice, bob, rounds: [], times: [] };
  };
  const ours = targetOf('Gatehouse', server);
  const other = beside === '' ? undefined : targetOf(beside, { url: beside });
  let cpu = Infinity;
  for (let round = 0; round < rounds; round++)
    for (const target of other ? [ours, other] : [ours]) {
      const before = cpuSeconds(server.pid);
      const done = await roundOf(target, seconds);
      if (target === ours) cpu = Math.min(cpu, ((cpuSeconds(server.pid) - before) / done) * 1e6);
      const last = Math.round(target.rounds.at(-1) ?? 0);
      process.stderr.write(`  round ${round + 1}/${rounds} cycles, ${target.name}: ${last}/s\n`);
    }
  for (const { alice, bob } of other ? [ours, other] : [ours])
    await Promise.all([alice.close(), bob.close()]);
  await server.stop();
  await rm(dir, { recursive: true, force: true });
  return [
    `1 KiB sent, fetched and acknowledged, 8 at a time: ${said(ours)}, ${Math.round(cpu)} µs of CPU each`,
    other
      ? `the same at ${beside}, round by round in turn: ${said(other)}; ours took ${ratio(ours, other)} times as many`
      : 'no other server beside it: --mesh-sandbox names none',
  ];
}

async function roundOf(target: Target, seconds: number): Promise<number> {
  const { alice, bob, times } = target;
  const body = Buffer.alloc(1024, 'x');
  const to = { 'mex-to': 'X26ABC2', 'mex-workflowid': 'TEST_WORKFLOW' };
  const began = performance.now();
  const end = began + seconds * 1000;
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
  target.rounds.push(done / ((performance.now() - began) / 1000));
  return done;
}

function said({ rounds, times }: Target): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (q: number) => sorted[Math.floor(sorted.length * q)]?.toFixed(1) ?? '-';
  return `${Math.round(Math.max(...rounds))} a second in the best round, ${Math.round(medianOf(rounds))} in the median; p50 ${at(0.5)} ms, p95 ${at(0.95)} ms of all rounds`;
}

function ratio(ours: Target, other: Target): string {
  return (medianOf(ours.rounds) / medianOf(other.rounds)).toFixed(1);
}

function medianOf(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
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
