import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore, type EmbeddedStore } from '../store/embedded.ts';
import { createLease } from './lease.ts';
import { afterResult, judge, unchecked, type Check } from './status-machine.ts';
import { statusQuery } from './status-query.ts';
import { createStatusWatch, type Instance } from './status-watch.ts';

const quiet = { calls: 0, failed: 0 };
const up: Check = { up: true, against: 0 };
const down: Check = { up: false, against: 0 };

describe('the state of an API', () => {
  const after = (...results: boolean[]) => results.reduce(afterResult, unchecked).up;

  it('goes down after three failures in a row and comes back after two successes', () => {
    assert.equal(after(true, false, false), true);
    assert.equal(after(true, false, false, true, false, false), true);
    assert.equal(after(true, false, false, false), false);
    assert.equal(after(true, false, false, false, true), false);
    assert.equal(after(true, false, false, false, true, true), true);
    assert.equal(after(false, false), undefined);
  });

  it('follows from probes, traffic and the circuit', () => {
    const calls = (failed: number) => ({ calls: 100, failed });
    assert.equal(judge({ ping: unchecked, traffic: quiet }), 'unknown');
    assert.equal(judge({ ping: up, traffic: quiet }), 'operational');
    assert.equal(judge({ ping: up, traffic: { calls: 5, failed: 5 } }), 'operational');
    assert.equal(judge({ ping: up, traffic: calls(6) }), 'degraded');
    assert.equal(judge({ ping: up, traffic: calls(30) }), 'partial outage');
    assert.equal(judge({ ping: up, traffic: calls(95) }), 'major outage');
    assert.equal(judge({ ping: up, traffic: quiet, circuit: 'open' }), 'partial outage');
    assert.equal(judge({ ping: up, health: down, traffic: quiet }), 'major outage');
    assert.equal(judge({ ping: up, health: down, traffic: calls(1) }), 'partial outage');
    assert.equal(judge({ ping: down, traffic: calls(0) }), 'major outage');
  });
});

describe('the status of APIs', () => {
  let dir: string;
  let store: EmbeddedStore;
  let time = Date.UTC(2026, 5, 1, 12);
  const now = () => time;
  let answers = { ping: true, health: true };
  const instance: Instance = {
    ...{ proxy: 'production.hello', api: 'hello', environment: 'production', revision: 3 },
    target: 'hello.example',
    ping: () => Promise.resolve(answers.ping),
    health: () => Promise.resolve(answers.health),
  };

  beforeEach(async () => {
    time = Date.UTC(2026, 5, 1, 12);
    answers = { ping: true, health: true };
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-status-'));
    store = await openEmbeddedStore({ dir });
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  function ground(instances: readonly Instance[] = [instance]) {
    const watch = createStatusWatch({
      store,
      now,
      instances: () => instances,
      traffic: () => quiet,
    });
    const ask = statusQuery({ store, now, circuitOf: () => 'closed' });
    /** A minute of rounds, as the timers make them. */
    const minute = async () => {
      await watch.healths();
      for (let i = 0; i < 4; i++) {
        await watch.pings();
        time += 15_000;
      }
    };
    return { minute, ask, watch };
  }

  it('tells state, since when, last check, revision and circuit', async () => {
    const { minute, ask } = ground();
    await minute();
    const [one] = (await ask({})).items;
    assert.equal(one?.state, 'operational');
    assert.equal(one.since, '2026-06-01T12:00:00.000Z');
    assert.equal(one.revision, 3);
    assert.equal(one.circuit, 'closed');
    assert.deepEqual((await ask({ environment: 'sandbox' })).items, []);
    assert.deepEqual((await ask({ api: 'other' })).items, []);
  });

  it('turns to an outage when the back end fails three times, and back after two successes', async () => {
    const { minute, ask } = ground();
    const state = async () => (await ask({ api: 'hello' })).items[0]?.state;
    await minute();
    await minute();
    answers.health = false;
    await minute();
    await minute();
    assert.equal(await state(), 'operational');
    await minute();
    assert.equal(await state(), 'major outage');
    answers.health = true;
    await minute();
    assert.equal(await state(), 'major outage');
    await minute();
    assert.equal(await state(), 'operational');
  });

  it('works out availability from probes by day and month, and says when the target is missed', async () => {
    const { minute, ask } = ground();
    for (let i = 0; i < 3; i++) await minute();
    time += 24 * 3_600_000;
    answers.ping = false;
    for (let i = 0; i < 2; i++) await minute();
    const [one] = (await ask({})).items;
    assert.deepEqual(one?.history, [
      { day: '2026-06-01', availability: 1 },
      { day: '2026-06-02', availability: 0 },
    ]);
    assert.deepEqual(
      { ...one.availability, value: 0 },
      { month: '2026-06', value: 0, target: 0.999, missed: true },
    );
  });

  it('goes on from what another process found', async () => {
    const first = ground();
    await first.minute();
    const second = ground();
    await second.minute();
    const [one] = (await second.ask({})).items;
    assert.equal(one?.since, '2026-06-01T12:00:00.000Z');
    assert.equal(one.history[0]?.availability, 1);
  });

  it('is unknown once nobody has looked for five minutes', async () => {
    const { minute, ask } = ground();
    await minute();
    time += 6 * 60_000;
    assert.equal((await ask({})).items[0]?.state, 'unknown');
  });

  it('counts a proxy of which no revision could be made as down', async () => {
    const { minute, ask } = ground([{ ...instance, revision: 0 }]);
    await minute();
    assert.equal((await ask({})).items[0]?.state, 'major outage');
  });

  it('is watched by one process at a time, and by another when that one has gone', async () => {
    const [a, b] = [
      createLease(store, { process: 'a', now }),
      createLease(store, { process: 'b', now }),
    ];
    assert.equal(await a.tend(), true);
    assert.equal(await b.tend(), false);
    time += 40_000;
    assert.equal(await a.tend(), true);
    time += 46_000;
    assert.equal(await b.tend(), true);
    assert.equal(await a.tend(), false);
    await b.release();
    assert.equal(await a.tend(), true);
  });
});
