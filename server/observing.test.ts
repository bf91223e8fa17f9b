import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Caller, Handler } from '../core/exchange.ts';
import { createLog } from '../core/log.ts';
import { exchangeFor } from '../test/exchange-for.ts';
import { actorOf } from '../test/administration-ground.ts';
import { openJournal, type OpenJournal } from './audit/journal.ts';
import type { Api } from './catalogue/apis.ts';
import { openCatalogue } from './catalogue/catalogue.ts';
import type { PlatformHooks } from './catalogue/deployment-hooks.ts';
import { loadConfig } from './config.ts';
import { createFront, type Front } from './front.ts';
import type { Gateway, RunningProxy } from './gateway/gateway.ts';
import { MountTable } from './mount-table.ts';
import { openObserving, type Observing } from './observing.ts';
import type { StatusAnswer } from './observe/status-query.ts';
import type { UsageAnswer } from './observe/usage-query.ts';
import { alone, type Peers } from './process-role.ts';
import { openEmbeddedStore, type EmbeddedStore } from './store/embedded.ts';

const caller: Caller = { appId: 'app-1', appName: 'A', mode: 'app', scopes: [], grants: new Set() };

/** A gateway's Api, without the gateway: it answers as it is told. */
const hello: Handler = (exchange) => {
  if (exchange.path === '/_ping') {
    exchange.facts.route = 'GET /_ping';
    return Promise.resolve({ status: 200, body: '{}' });
  }
  const { facts, rawQuery } = exchange;
  Object.assign(facts, { proxy: 'sandbox.hello', caller, product: 'basic', route: 'GET /world' });
  return Promise.resolve({ status: rawQuery === '' ? 200 : Number(rawQuery), body: 'hi' });
};

/** Two processes that know each other. */
function pair(): [Peers, Peers] {
  const answers = [
    new Map<string, (q: unknown) => unknown>(),
    new Map<string, (q: unknown) => unknown>(),
  ] as const;
  const peers = (own: number): Peers => ({
    ...alone(),
    answer: (topic, fn) => void answers[own as 0 | 1].set(topic, fn),
    async gather(topic, question) {
      const fn = answers[(1 - own) as 0 | 1].get(topic);
      return fn ? [structuredClone(await fn(question))] : [];
    },
  });
  return [peers(0), peers(1)];
}

describe('observing', () => {
  let dir: string;
  let store: EmbeddedStore;
  let journal: OpenJournal;
  let time: number;
  let open: { observing: Observing; front: Front; url: string; hooks: PlatformHooks }[];
  let healthy: boolean;
  const clock = { now: () => time, newId: () => crypto.randomUUID() };
  const log = createLog('error');

  beforeEach(async () => {
    time = Date.UTC(2026, 5, 1, 12);
    [healthy, open] = [true, []];
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-observing-'));
    store = await openEmbeddedStore({ dir });
    const folders = { dir: join(dir, 'audit'), heads: join(dir, 'heads'), keys: join(dir, 'keys') };
    journal = await openJournal({ ...folders, clock });
  });
  afterEach(async () => {
    for (const { observing, front } of open) {
      await front.drain(100);
      await observing.close();
    }
    await journal.close();
    await store.close();
    rmSync(dir, { recursive: true });
  });

  async function start(peers = alone()) {
    const hooks: PlatformHooks = {};
    const config = loadConfig({ DATA_DIR: dir, PORT: '0', LOCAL_ADDRESSES: 'allow' });
    let url = '';
    const observing = openObserving({
      ...{ config, store, journal, clock, log, peers, hooks, version: '1', part: 'all' },
      ...{ standard: 'sandbox', own: () => url, withoutTimers: true },
    });
    const mount = { environment: 'sandbox', base: '/hello', api: 'hello', handler: hello };
    const front = createFront({
      tables: observing.traced([new MountTable([mount, ...observing.mounts])]),
      observer: observing.observer,
      environment: 'sandbox',
      toEnvironment: (name) => (name === 'sandbox' ? name : undefined),
      log,
      pages: (_request, response) => response.writeHead(404).end(),
    });
    await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
    const { port } = front.server.address() as AddressInfo; // it listens on a port
    url = `http://127.0.0.1:${port}`;
    const catalogue = await openCatalogue(store);
    const known = {
      ...catalogue,
      app: (id: string) => (id === 'app-1' ? ({ id } as never) : undefined),
    };
    observing.serving({ gateway: gatewayOf(), catalogue: known });
    const one = { observing, front, url, hooks };
    open.push(one);
    return one;
  }

  function gatewayOf(): Gateway {
    const running = {
      proxy: { id: 'sandbox.hello', environment: 'sandbox', state: 'deployed' },
      api: { id: 'hello' } as Api,
      ...{ revision: 7, release: '' },
      definition: {
        base: '/hello',
        backend: { kind: 'http', url: 'http://backend.example:8080/x', healthcheck: '/_ping' },
      },
      backend: {
        probe: () => Promise.resolve({ status: healthy ? 'pass' : 'fail' }),
        condition: () => ({ circuit: 'half-open' }),
      },
    } as unknown as RunningProxy; // what observing looks at
    return {
      proxies: () => [running],
      proxy: (id) => (id === running.proxy.id ? running : undefined),
      settled: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  const call = (url: string, path: string, headers: Record<string, string> = {}) =>
    fetch(url + path, { headers });
  const usage = async ({ hooks }: { hooks: PlatformHooks }, app: string) =>
    (await hooks.usage?.({ app })) as UsageAnswer;

  it('R008 shows a call made with an app in that app’s usage at once, whichever process is asked', async () => {
    const [one, two] = pair();
    const [first, second] = [await start(one), await start(two)];
    await (await call(first.url, '/hello/world')).text();
    await (await call(second.url, '/hello/world')).text();
    for (const asked of [first, second]) {
      const { totals, by } = await usage(asked, 'app-1');
      assert.equal(totals.calls, 2);
      assert.deepEqual(
        by.operation.map(({ name }) => name),
        ['GET /world'],
      );
      assert.deepEqual(
        by.product.map(({ name }) => name),
        ['basic'],
      );
    }
    assert.equal((await usage(first, 'app-2')).totals.calls, 0);
  });

  it('writes metrics of all processes for who calls from this machine', async () => {
    const [one, two] = pair();
    const [first, second] = [await start(one), await start(two)];
    for (const { url } of [first, first, second]) await (await call(url, '/hello/world')).text();
    const answer = await call(first.url, '/metrics');
    const text = await answer.text();
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(
      text,
      /request_duration_seconds_count\{api="hello",environment="sandbox",operation="GET \/world".*\} 3\n/,
    );
    const place = 'api="hello",environment="sandbox"';
    assert.ok(text.includes(`gateway_circuit_state{${place},target="backend.example:8080"} 1\n`));
    assert.ok(text.includes(`gateway_config_revision_info{${place},revision="7"} 1\n`));
    assert.match(text, /audit_chain_ok 1\n/);
    assert.ok(!text.includes('app-1'));
  });

  it('wants the status key from everybody else, and through a proxy from this machine too', async () => {
    const { url } = await start();
    const forwarded = { 'x-forwarded-for': '203.0.113.9' };
    const key = readFileSync(join(dir, 'keys', 'status-api.key'), 'utf8').trim();
    assert.equal((await call(url, '/metrics', forwarded)).status, 401);
    assert.equal((await call(url, '/metrics', { ...forwarded, apikey: `${key}x` })).status, 401);
    assert.equal((await call(url, '/metrics', { ...forwarded, apikey: key })).status, 200);
    assert.equal((await call(url, '/metrics/x')).status, 404);
    assert.equal((await fetch(`${url}/metrics`, { method: 'POST' })).status, 405);
  });

  it('R087 fires and resolves when a back end goes down and comes back, and tells a webhook once each', async () => {
    const told: { state: string; text: string }[] = [];
    const hook = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        told.push(JSON.parse(body) as { state: string; text: string }); // a notification
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    const { observing, hooks } = await start();
    const { port } = hook.address() as AddressInfo; // it listens on a port
    const put = observing.acts['PUT /alert-receivers/:id'];
    assert.ok(put);
    const receiver = (id: string, body: object) =>
      put(
        actorOf('operator'),
        exchangeFor({
          params: { id },
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      );
    await receiver('hook', { kind: 'webhook', url: `http://127.0.0.1:${port}/x` });
    await receiver('team', { kind: 'email', address: 'team@example.org' });
    const minute = async () => {
      await observing.rounds.tend();
      await observing.rounds.look();
      await observing.rounds.healths();
      await observing.rounds.look();
      time += 60_000;
    };
    const state = async () => ((await hooks.status?.({})) as StatusAnswer).items[0]?.state;
    await minute();
    assert.equal(await state(), 'operational');
    healthy = false;
    for (let i = 0; i < 5; i++) await minute();
    assert.equal(await state(), 'major outage');
    healthy = true;
    for (let i = 0; i < 5; i++) await minute();
    hook.close();
    assert.equal(await state(), 'operational');
    assert.deepEqual(
      told.map((one) => one.state),
      ['firing', 'resolved'],
    );
    assert.equal(told[0]?.text, 'hello in sandbox is down');
    const subjects = (await observing.mailbox.list({})).items.map(({ value }) => value.subject);
    assert.deepEqual(subjects.sort(), [
      'Alert: hello in sandbox is down',
      'Resolved: hello in sandbox is down',
    ]);
  });

  it('watches in one process only, and in the other once that has gone', async () => {
    const [first, second] = [await start(), await start()];
    await first.observing.rounds.tend();
    await second.observing.rounds.tend();
    await second.observing.rounds.look();
    assert.equal(((await first.hooks.status?.({})) as StatusAnswer).items.length, 0);
    await first.observing.close();
    await second.observing.rounds.tend();
    await second.observing.rounds.look();
    const { items } = (await second.hooks.status?.({})) as StatusAnswer;
    assert.deepEqual(
      items.map(({ state, circuit }) => [state, circuit]),
      [['operational', 'half-open']],
    );
  });

  it('counts requests for tokens, and those whose client did not prove itself', async () => {
    const { observing, url } = await start();
    const mount = { api: 'authorisation', environment: 'sandbox', base: '/oauth2', handler: hello };
    const ended = (status: number, code?: string) => {
      observing.observer.began(mount);
      const facts = { people: [], route: 'POST /token', ...(code === undefined ? {} : { code }) };
      const sent = { status, bytes: 0, complete: true };
      observing.observer.ended(
        { method: 'POST', headers: {}, facts, sent, milliseconds: 1 },
        mount,
      );
    };
    ended(200);
    ended(401, 'invalid_client');
    ended(400, 'invalid_grant');
    const text = await (await call(url, '/metrics')).text();
    const count = (result: string, reason: string) =>
      `auth_token_requests_total{grant="unknown",result="${result}",reason="${reason}"} 1\n`;
    for (const line of [
      count('issued', ''),
      count('refused', 'invalid_client'),
      count('refused', 'invalid_grant'),
    ])
      assert.ok(text.includes(line), line);
    assert.ok(text.includes('auth_assertion_rejected_total{reason="invalid_client"} 1\n'));
    assert.ok(!text.includes('auth_assertion_rejected_total{reason="invalid_grant"}'));
  });
});
