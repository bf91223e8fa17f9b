/**
 * What mutual TLS costs: `tsx bench/mutual-tls.ts [--seconds S] [--rounds R] [--revoked N]`. Calls on kept connections beside
 * the plain port, and new handshakes beside bare node:https, with so many revoked certificates on the list. Asserts nothing.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { certificateCollection, type CertificateRecord } from '../certs/certificate-record.ts';
import { tlsOptions } from '../server/tls-material.ts';
import { liveSystem, type Sent } from '../test/live-system.ts';
import { startSmartGround } from '../test/smart-launch-ground.ts';
import { assertionOf, tokenIn, withAssertion } from '../test/token-ground.ts';
import type { BareTls } from './bare-tls.ts';
import { compare, type Contender, type Load, type Result } from './rounds.ts';
import { cpuSeconds, startBareTls, startGatehouse, type Running } from './servers.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    revoked: { type: 'string', default: '10000' },
  },
});
const load: Load = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  connections: 16,
};
const path = '/env/int/personal-demographics/FHIR/R4/Patient/9000000009';
const port = 17_000 + Math.floor(Math.random() * 900);

interface Prepared {
  readonly dir: string;
  readonly asid: string;
  readonly sent: Sent;
  readonly token: string;
  /** What bare node:https is given. */
  readonly file: string;
}

const prepared = await prepare(Number(values.revoked));
const { dir, asid, sent, token, file } = prepared;
const ours = await startGatehouse(dir, { TLS_PORT: String(port) });
const bare = await startBareTls(file);
const overTls = { ...ours, url: `https://localhost:${port}` };
const { cert, key } = sent;
const id = { 'x-request-id': '60e0b220-8136-4ca5-ae46-1d97ef59d068' };
const bearing = { ...id, authorization: `Bearer ${token}` };
const gets = (headers: Record<string, string>) => [{ method: 'GET' as const, path, headers }];
const contenders: Contender[] = [
  { name: 'plain, with a token', server: ours, requests: gets(bearing) },
  {
    name: 'mutual TLS, with a token',
    server: overTls,
    requests: gets(bearing),
    tls: { cert, key },
  },
  {
    name: 'mutual TLS, certificate and ASID',
    server: overTls,
    requests: gets({ ...id, 'nhsd-asid': asid }),
    tls: { cert, key },
  },
];
show('Calls on kept connections', await compare(contenders, load));
show('New handshakes with one call each', await handshakes());
await ours.stop();
await bare.stop();
await rm(dir, { recursive: true, force: true });

/** A data folder with a system that may call, a token, and a long list. */
async function prepare(revoked: number): Promise<Prepared> {
  const ground = await startSmartGround();
  const { platform, dataDir } = ground;
  const { store, certificates } = platform;
  const system = await liveSystem(platform);
  const answer = await withAssertion(ground, assertionOf(ground));
  const { own, trust, chain } = certificates.authority.of('uat');
  const issuer = own?.issuing.facts.subjectText ?? '';
  const records = Array.from({ length: revoked }, () => revokedRecord(issuer));
  await store.bulk(
    certificateCollection,
    records.map((value) => ({ id: value.thumbprint, value })),
  );
  for (const mark of ['default-data', 'default-directory']) await store.setMark(mark, 'finished');
  await platform.stop();
  // Opened again, it has them all on its list.
  const again = await startSmartGroundAgain(dataDir);
  const lists = again.certificates.lists.pems('uat');
  const options = tlsOptions(
    'bare',
    { certificate: system.sent.cert, key: system.sent.key },
    { authorities: trust.authorities().map(({ pem }) => pem), lists },
    false,
  );
  await again.stop();
  const file = join(dataDir, 'bare-tls.json');
  const body = JSON.stringify({ filler: 'x'.repeat(2000), chain: chain.length });
  const written: BareTls = { tls: options, headers: { 'content-type': 'application/json' }, body };
  writeFileSync(file, JSON.stringify(written));
  return { dir: dataDir, asid: system.asid, sent: system.sent, token: tokenIn(answer), file };
}

async function startSmartGroundAgain(dataDir: string) {
  const { startTestPlatform } = await import('../test/start-platform.ts');
  return startTestPlatform({ dataDir, withoutDefaults: true });
}

function revokedRecord(issuer: string): CertificateRecord {
  const now = Date.now();
  const thumbprint = randomBytes(32).toString('base64url');
  return {
    ...{ thumbprint, spki: randomBytes(32).toString('base64url'), issuer, pem: '' },
    ...{ serial: `7${randomBytes(16).toString('hex').slice(1)}`, subject: '', dnsNames: [] },
    ...{ notBefore: now, notAfter: now + 300 * 86_400_000, issuedAt: now, state: 'revoked' },
    revoked: { reason: 'superseded', at: now, by: 'bench' },
    ...{ fqdn: 'gone.example', partyKey: 'Y90009-000001', environment: 'uat', deployment: 'gone' },
    ...{ profile: 'client', requestedBy: 'bench' },
  };
}

/** In turns, the best of all rounds by processor time. */
async function handshakes(): Promise<Result[]> {
  const places: readonly (readonly [name: string, server: Running, url: string])[] = [
    ['bare node:https', bare, bare.url.replace('http:', 'https:')],
    ['gatehouse', ours, overTls.url],
  ];
  const results = new Map<string, Result>();
  for (let round = 0; round < load.rounds; round++)
    for (const [name, server, url] of places) {
      const found = await connectFor(name, server, url);
      const before = results.get(name);
      if (!before || found.cpu < before.cpu) results.set(name, found);
    }
  return [...results.values()];
}

async function connectFor(name: string, server: Running, url: string): Promise<Result> {
  const times: number[] = [];
  let failed = 0;
  const before = cpuSeconds(server.pid);
  const began = performance.now();
  const until = began + load.seconds * 1000;
  const one = async () => {
    while (performance.now() < until) {
      const start = performance.now();
      const status = await callFresh(url).catch(() => 0);
      if (status !== 200) failed++;
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
  const seconds = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  return {
    name,
    perSecond: times.length / seconds,
    p50: times[Math.floor(times.length * 0.5)] ?? 0,
    p99: times[Math.floor(times.length * 0.99)] ?? 0,
    cpu: ((cpuSeconds(server.pid) - before) / times.length) * 1e6,
    failed,
  };
}

/** A connection of its own, with no session of another. */
function callFresh(url: string): Promise<number> {
  const agent = new Agent({ maxCachedSessions: 0, keepAlive: false, cert, key });
  return new Promise((resolve, reject) => {
    const headers = { ...id, 'nhsd-asid': asid };
    // The servers here are our own, on this machine.
    request(url + path, { agent, headers, rejectUnauthorized: false }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    })
      .on('error', reject)
      .end();
  });
}

function show(title: string, results: readonly Result[]): void {
  const [first] = results;
  process.stdout.write(`\n${title}\n`);
  for (const { name, perSecond, p50, p99, cpu, failed } of results) {
    const rate = first ? (perSecond / first.perSecond).toFixed(2) : '-';
    const cost = first ? (cpu / first.cpu).toFixed(2) : '-';
    process.stdout.write(
      `  ${name.padEnd(34)} ${Math.round(perSecond)}/s (${rate}), p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)} ms, ${Math.round(cpu)} us of processor (${cost}), failed ${failed}\n`,
    );
  }
}
