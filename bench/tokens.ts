/** What tokens cost: issuing them beside bare jose, and reading with them beside reading without. */
import { createPublicKey } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFamilies, type Grant } from '../server/auth/families.ts';
import { openEmbeddedStore } from '../server/store/embedded.ts';
import { readFor, sendForms, signer, tokenForms } from './assertions.ts';
import { compare, type Load, type Result } from './rounds.ts';
import { cpuSeconds, startGatehouse, startTokens, type Running } from './servers.ts';

const clientId = 'demo-app-int';
const settings = { TOKEN_REQUESTS_PER_MINUTE: '1000000' };
/** Signed beforehand for each round of each contender. */
const formsInRound = 6_000;

/** Tokens a CPU second: gatehouse with its store and audit, beside bare node:http with jose. */
export async function issuing(dataDir: string, load: Load): Promise<Result[]> {
  const ours = await startGatehouse(dataDir, settings);
  const audience = `${ours.url.replace('127.0.0.1', 'localhost')}/env/int/oauth2/token`;
  const pem = readFileSync(join(dataDir, 'demo', 'demo-int.pem'), 'utf8');
  const facts = join(dataDir, 'bare-tokens.json');
  const jwk = { ...createPublicKey(pem).export({ format: 'jwk' }), kid: 'demo-1', alg: 'RS512' };
  writeFileSync(facts, JSON.stringify({ jwk, audience, clientId }));
  const bare = await startTokens('bare-tokens.ts', facts);
  const express = await startTokens('express-tokens.ts', facts);
  const contenders = [
    { name: 'bare node:http and jose', server: bare, url: bare.url },
    { name: 'Express and jose', server: express, url: express.url },
    { name: 'gatehouse', server: ours, url: `${ours.url}/env/int/oauth2/token` },
  ];
  const best = new Map<string, Result>();
  for (let round = 0; round < load.rounds; round++)
    for (const { name, server, url } of contenders) {
      const forms = tokenForms(formsInRound, signer(pem, clientId, audience));
      const result = await measured(name, server, () => sendForms(url, forms, load.connections));
      const before = best.get(name);
      best.set(name, !before || result.cpu < before.cpu ? result : before);
      process.stderr.write(
        `  round ${round + 1}/${load.rounds} ${name}: ${Math.round(result.perSecond)}/s, ${result.cpu.toFixed(0)} µs CPU, ${result.failed} failed\n`,
      );
    }
  await ours.stop();
  await bare.stop();
  await express.stop();
  return [...best.values()];
}

async function measured(
  name: string,
  { pid }: Running,
  work: () => ReturnType<typeof sendForms>,
): Promise<Result> {
  const before = cpuSeconds(pid);
  const { times, failed, seconds } = await work();
  const cpu = ((cpuSeconds(pid) - before) / times.length) * 1e6;
  times.sort((a, b) => a - b);
  const at = (q: number) => times[Math.floor(times.length * q)] ?? 0;
  return { name, perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99), cpu, failed };
}

/** Reads by an application with a token in integration, beside reads of the open lane. */
export async function reading(
  dataDir: string,
  paths: readonly string[],
  headers: Record<string, string>,
  load: Load,
): Promise<Result[]> {
  const [token = ''] = await liveTokens(dataDir, 1);
  const server = await startGatehouse(dataDir, settings);
  const withToken = { ...headers, authorization: `Bearer ${token}` };
  const results = await compare(
    [
      { name: 'open lane', server, requests: gets(paths, headers) },
      { name: 'with a token', server, requests: gets(inIntegration(paths), withToken) },
    ],
    load,
  );
  await server.stop();
  return results;
}

/** Reads that each use another of few or of many live tokens. */
export async function lookingUp(
  dataDir: string,
  paths: readonly string[],
  headers: Record<string, string>,
  load: Load,
): Promise<Result[]> {
  const all = await liveTokens(dataDir, 100_000);
  const server = await startGatehouse(dataDir, settings);
  const best = new Map<string, Result>();
  for (let round = 0; round < load.rounds; round++)
    for (const count of [1_000, 100_000]) {
      const name = `${count.toLocaleString('en')} live tokens`;
      let next = 0;
      const result = await measured(name, server, () =>
        readFor(load.seconds, load.connections, () => {
          const turn = next++ * 7919; // a prime, so that neighbours in time are none in the store
          const path = paths[turn % paths.length] ?? '';
          const token = all[turn % count] ?? '';
          return {
            url: `${server.url}/env/int${path}`,
            headers: { ...headers, authorization: `Bearer ${token}` },
          };
        }),
      );
      const before = best.get(name);
      best.set(name, !before || result.perSecond > before.perSecond ? result : before);
    }
  await server.stop();
  return [...best.values()];
}

function gets(paths: readonly string[], headers: Record<string, string>) {
  return paths.map((path) => ({ method: 'GET' as const, path, headers }));
}

function inIntegration(paths: readonly string[]): string[] {
  return paths.map((path) => `/env/int${path}`);
}

/** Live tokens of the demo app, put straight into the store of a server that does not run. */
async function liveTokens(dataDir: string, count: number): Promise<string[]> {
  if (!existsSync(join(dataDir, 'demo'))) await (await startGatehouse(dataDir)).stop(); // the first start makes the app
  const store = await openEmbeddedStore({ dir: dataDir });
  const families = openFamilies(store, () => Date.now());
  const grant: Grant = {
    face: 'nhs',
    environment: 'uat',
    appId: 'demo',
    clientId,
    grant: 'client_credentials',
    scopes: ['urn:nhsd:apim:app:level3:personal-demographics-service'],
  };
  const tokens: string[] = [];
  while (tokens.length < count) {
    const batch = Array.from({ length: Math.min(500, count - tokens.length) }, () =>
      families.create(grant, { access: 24 * 3_600_000 }),
    );
    for (const { accessToken } of await Promise.all(batch)) tokens.push(accessToken);
  }
  await store.close();
  return tokens;
}
