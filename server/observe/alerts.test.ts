import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import type { Log } from '../../core/log.ts';
import type { Store } from '../../core/store.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../store/embedded.ts';
import { createAlertDelivery } from './alert-delivery.ts';
import { createAlertEngine } from './alert-engine.ts';
import { notifyTopic, type Notification, type Receiver } from './alert-record.ts';
import { defaultRules, type AlertRule } from './alert-rules.ts';
import { breachesOf, type Signals } from './alert-signals.ts';
import { createMailbox } from './mailbox.ts';
import { emptyHistogram, count } from './histogram.ts';
import type { ApiWindow } from './windows.ts';

const silent: Log = { log: () => undefined, child: () => silent };
const rules = defaultRules('production');

function ruleOf(id: string): AlertRule {
  const found = rules.find((rule) => rule.id === id);
  assert.ok(found);
  return found;
}

const well = { audit: { ok: true, refused: 0 }, store: true };

function signals(
  fields: Partial<Signals> & { apis?: (minutes: number) => ApiWindow[] } = {},
): Signals {
  const { apis = () => [], ...more } = fields;
  const windows = { apis, apps: () => [], rejections: () => [] };
  return { windows, status: new Map(), health: well, ...more };
}

function api(fields: Partial<ApiWindow> = {}): ApiWindow {
  const times = { times: emptyHistogram(), overhead: emptyHistogram() };
  return {
    ...{ api: 'hello', environment: 'production', calls: 1000, failed: 0, pooled: 0 },
    ...times,
    ...fields,
  };
}

describe('the rules of alerts', () => {
  const found = (id: string, given: Signals) =>
    breachesOf(ruleOf(id), given).map(({ subject }) => subject);

  it('see the error budget burn only when both windows do', () => {
    const burning = (short: number, long: number) =>
      signals({ apis: (minutes) => [api({ failed: minutes === 5 ? short : long })] });
    assert.deepEqual(found('error-budget-fast', burning(20, 20)), ['production.hello']);
    assert.deepEqual(found('error-budget-fast', burning(20, 10)), []);
    assert.deepEqual(found('error-budget-fast', burning(10, 20)), []);
    assert.deepEqual(
      found('error-budget-fast', signals({ apis: () => [api({ calls: 3, failed: 3 })] })),
      [],
    );
    assert.deepEqual(
      found(
        'error-budget-fast',
        signals({ apis: () => [api({ failed: 500, environment: 'sandbox' })] }),
      ),
      [],
    );
  });

  it('see slow answers, a slow gateway and a shared limit that is hot', () => {
    const slow = api();
    for (let i = 0; i < 100; i++) count(slow.times, 3000);
    assert.deepEqual(found('slow', signals({ apis: () => [slow] })), ['production.hello']);
    assert.deepEqual(found('overhead', signals({ apis: () => [slow] })), []);
    const heavy = api();
    for (let i = 0; i < 100; i++) count(heavy.overhead, 80);
    assert.deepEqual(found('overhead', signals({ apis: () => [heavy] })), ['production.hello']);
    assert.deepEqual(found('pooled-limit', signals({ apis: () => [api({ pooled: 11 })] })), [
      'production.hello',
    ]);
    assert.deepEqual(found('pooled-limit', signals({ apis: () => [api({ pooled: 10 })] })), []);
  });

  it('see an app that is throttled, and whose team to tell', () => {
    const app = { app: 'app-1', environment: 'uat', calls: 100, limited: 21 };
    const windows = {
      ...signals().windows,
      apps: () => [app, { ...app, app: 'app-2', limited: 20 }],
    };
    const [breach, ...others] = breachesOf(ruleOf('app-throttled'), signals({ windows }));
    assert.equal(breach?.app, 'app-1');
    assert.deepEqual(others, []);
  });

  it('see refused assertions far above the median of the day', () => {
    const windows = (now: number, usual: number) => ({
      ...signals().windows,
      rejections: () => [...Array<number>(287).fill(usual), now],
    });
    assert.deepEqual(found('auth-failures', signals({ windows: windows(26, 5) })), ['assertions']);
    assert.deepEqual(found('auth-failures', signals({ windows: windows(25, 5) })), []);
    assert.deepEqual(found('auth-failures', signals({ windows: windows(19, 0) })), []);
  });

  it('see the platform itself fail', () => {
    const health = (fields: object) => signals({ health: { ...well, ...fields } });
    assert.deepEqual(found('audit', health({ audit: { ok: false, refused: 0 } })), ['audit']);
    assert.deepEqual(found('audit', health({ audit: { ok: true, refused: 2 } })), ['audit']);
    assert.deepEqual(found('store-away', health({ store: false })), ['store']);
    assert.deepEqual(found('mail', health({ mail: { sent: 90, failed: 6, oldest: 0 } })), ['mail']);
    assert.deepEqual(found('mail', health({ mail: { sent: 0, failed: 0, oldest: 601_000 } })), [
      'mail',
    ]);
    for (const id of ['audit', 'store-away', 'mail', 'api-down'])
      assert.deepEqual(found(id, signals()), []);
  });

  it('see an API that is down', () => {
    const one = {
      api: 'hello',
      environment: 'production',
      revision: 1,
      target: 'x',
      since: 0,
      checked: 0,
    };
    const ping = { up: false, against: 0 };
    const status = new Map([
      ['production.hello', { ...one, ping, state: 'major outage' as const }],
      ['sandbox.hello', { ...one, ping, environment: 'sandbox', state: 'major outage' as const }],
    ]);
    assert.deepEqual(found('api-down', signals({ status })), ['production.hello']);
  });
});

describe('alerts', () => {
  let dir: string;
  let store: EmbeddedStore;
  let time = Date.UTC(2026, 5, 1, 12);
  const now = () => time;
  let posted: Notification[];
  let hookWorks: boolean;
  const webhook: Receiver = { id: 'hook', kind: 'webhook', url: 'https://hooks.example/x' };
  const mail: Receiver = { id: 'team', kind: 'email', address: 'team@example.org' };
  const down = signals({ health: { ...well, store: false } });
  const rule = { ...ruleOf('store-away'), for: 60 };

  beforeEach(async () => {
    time = Date.UTC(2026, 5, 1, 12);
    posted = [];
    hookWorks = true;
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-alerts-'));
    store = await openEmbeddedStore({ dir });
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  /** A process that judges and delivers. */
  function process(over: Store = store) {
    const mailbox = createMailbox({ store: over, now });
    const delivery = createAlertDelivery({
      ...{ store: over, now, log: silent, mailbox },
      post(_url, body) {
        if (!hookWorks) return Promise.reject(new Error('away'));
        posted.push(JSON.parse(body) as Notification); // what the engine wrote
        return Promise.resolve();
      },
    });
    const engine = createAlertEngine({
      ...{ store: over, now, log: silent, receivers: () => [webhook, mail] },
      direct: (due) => delivery.direct(due),
    });
    const look = async (given: Signals, rulesNow: readonly AlertRule[] = [rule]) => {
      await engine.tick(rulesNow, given);
      time += 15_000;
    };
    const mails = async () => (await mailbox.list({})).items.map(({ value }) => value.subject);
    return { look, delivery, mails };
  }

  it('fire once when the condition has held for its time, and resolve once when it is gone', async () => {
    const { look, delivery, mails } = process();
    for (let i = 0; i < 4; i++) await look(down);
    await delivery.deliver();
    assert.equal(posted.length, 0);
    for (let i = 0; i < 5; i++) await look(down);
    await delivery.deliver();
    for (let i = 0; i < 5; i++) await look(signals());
    await delivery.deliver();
    await delivery.deliver();
    assert.deepEqual(
      posted.map(({ id, state }) => [id, state]),
      [
        ['store-away:store#1:firing', 'firing'],
        ['store-away:store#1:resolved', 'resolved'],
      ],
    );
    assert.equal(posted[0]?.fired, '2026-06-01T12:01:00.000Z');
    assert.equal((await mails()).length, 2);
    assert.ok((await mails()).every((one) => one.includes('The store does not answer')));
  });

  it('do not fire for what passes, and not twice for one good look in between', async () => {
    const { look, delivery } = process();
    for (let i = 0; i < 3; i++) await look(down);
    await look(signals());
    for (let i = 0; i < 5; i++) await look(down);
    await look(signals());
    for (let i = 0; i < 5; i++) await look(down);
    await delivery.deliver();
    assert.equal(posted.length, 1);
  });

  it('are numbered, so that a second time is told as another', async () => {
    const { look, delivery } = process();
    for (const given of [down, signals(), down]) for (let i = 0; i < 6; i++) await look(given);
    await delivery.deliver();
    assert.deepEqual(
      posted.map(({ id }) => id),
      ['store-away:store#1:firing', 'store-away:store#1:resolved', 'store-away:store#2:firing'],
    );
  });

  it('are delivered after a restart, and not told again by the process that goes on', async () => {
    hookWorks = false;
    const first = process();
    for (let i = 0; i < 6; i++) await first.look(down);
    await first.delivery.deliver();
    assert.equal((await store.outgoing(notifyTopic)).length, 1);
    hookWorks = true;
    const second = process();
    for (let i = 0; i < 6; i++) await second.look(down);
    await second.delivery.deliver();
    for (let i = 0; i < 3; i++) await second.look(signals());
    await second.delivery.deliver();
    assert.deepEqual(
      posted.map(({ state }) => state),
      ['firing', 'resolved'],
    );
    assert.equal((await second.mails()).length, 2);
  });

  it('wait longer each time for a webhook that fails, and give up after a day', async () => {
    hookWorks = false;
    const { look, delivery } = process();
    for (let i = 0; i < 6; i++) await look(down);
    await delivery.deliver();
    hookWorks = true;
    await delivery.deliver();
    assert.deepEqual(posted, []);
    time += 60_000;
    hookWorks = false;
    await delivery.deliver();
    time += 25 * 3_600_000;
    await delivery.deliver();
    assert.deepEqual(await store.outgoing(notifyTopic), []);
  });

  it('are told directly, once, when the store cannot keep them', async () => {
    let away = true;
    const put = () => Promise.reject(new Problem('unavailable', 'away'));
    const over: Store = {
      ...store,
      open: (definition) => {
        const collection = store.open(definition);
        return away ? { ...collection, put, get: put, find: put } : collection;
      },
      outgoing: (topic) => store.outgoing(topic),
      delivered: (id) => store.delivered(id),
    };
    const { look, delivery } = process(over);
    for (let i = 0; i < 8; i++) await look(down);
    assert.deepEqual(
      posted.map(({ state }) => state),
      ['firing'],
    );
    away = false;
    for (let i = 0; i < 3; i++) await look(signals());
    await delivery.deliver();
    assert.deepEqual(
      posted.map(({ state }) => state),
      ['firing', 'resolved'],
    );
  });

  it('resolve when their rule is switched off', async () => {
    const { look, delivery } = process();
    for (let i = 0; i < 6; i++) await look(down);
    for (let i = 0; i < 3; i++) await look(down, [{ ...rule, enabled: false }]);
    await delivery.deliver();
    assert.deepEqual(
      posted.map(({ state }) => state),
      ['firing', 'resolved'],
    );
  });
});
