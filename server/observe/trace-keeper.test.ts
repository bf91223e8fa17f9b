import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createLog } from '../../core/log.ts';
import { Problem } from '../../core/problem.ts';
import type { Store } from '../../core/store.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../store/embedded.ts';
import { openTraceKeeper, type TraceKeeper, type TraceKeeperOptions } from './trace-keeper.ts';
import { traceCollection, type TracePiece } from './trace-pieces.ts';
import { traceOf, traceText } from './trace-view.ts';

const hour = 60 * 60_000;
const family = 'Featherstone';

describe('the keeper of traces', () => {
  let dir: string;
  let store: EmbeddedStore;
  let time = Date.UTC(2026, 10, 27);
  const lines: string[] = [];
  const log = createLog(
    'info',
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    }),
  );
  const keepers: TraceKeeper[] = [];
  const open = (options: Partial<TraceKeeperOptions> = {}) => {
    const newId = () => crypto.randomUUID();
    const common = { store, log, newId, now: () => time, most: 1_000, keptFor: 24 * hour };
    const keeper = openTraceKeeper({ ...common, ...options });
    keepers.push(keeper);
    return keeper;
  };
  const all = (pieces: readonly TracePiece[]) => Promise.resolve(pieces);
  const told = (keeper: TraceKeeper, id: string, environment = 'sandbox') => {
    const trace = keeper.open({ what: 'call', environment, app: 'an-app' });
    trace.named(id);
    trace.add('received', 'It has come', { facts: { party: 'Y90001-820003' } });
    return trace;
  };

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-traces-'));
    store = await openEmbeddedStore({ dir });
  });
  afterEach(async () => {
    for (const keeper of keepers.splice(0)) await keeper.close();
    await store.close();
    rmSync(dir, { recursive: true });
  });

  it('finds what another process has kept, by any id in either case, after a restart too', async () => {
    const one = open();
    const trace = told(one, 'c0ffee00-0000-4000-8000-000000000001');
    trace.foundBy('request-1', undefined, 'not an id');
    trace.end();
    trace.add('sent', 'Too late');
    trace.end();
    await one.close();
    await store.close();
    store = await openEmbeddedStore({ dir });
    const other = open();
    for (const id of ['C0FFEE00-0000-4000-8000-000000000001', 'Request-1']) {
      const { pieces } = await other.find([id]);
      assert.deepEqual(
        pieces.map(({ app, steps }) => [app, steps.map(({ step }) => step)]),
        [['an-app', ['received']]],
      );
    }
    assert.deepEqual((await other.find(['not an id', 'another'])).pieces, []);
    assert.deepEqual(one.counts().kept, 1);
  });

  it('joins what shares an id, follows ids one step, and stays in the environment', async () => {
    const keeper = open();
    told(keeper, 'message-1').end();
    const answer = told(keeper, 'answer-1');
    answer.named('message-1');
    answer.end();
    time += 250;
    told(keeper, 'answer-1').end();
    told(keeper, 'message-1', 'uat').end();
    const unrelated = told(keeper, 'message-2');
    unrelated.foundBy('same-correlation');
    unrelated.end();
    await keeper.flush();
    const seen = (pieces: readonly TracePiece[]) =>
      Promise.resolve(pieces.filter(({ environment }) => environment === 'sandbox'));
    const found = await traceOf(keeper, 'message-1', seen);
    assert.equal(found?.trace.steps.length, 3);
    assert.deepEqual([...found.trace.ids].sort(), ['ANSWER-1', 'MESSAGE-1']);
    assert.ok(found.trace.steps[2] && found.trace.steps[2].milliseconds >= 200);
    assert.equal(await traceOf(keeper, 'message-3', all), undefined);
  });

  it('keeps the structure of texts alone in production, and who they are about nowhere', async () => {
    const keeper = open();
    const xml = `<person><family>${family}</family><id extension="9000000009"/><postcode>LS1 6AE</postcode></person>`;
    for (const environment of ['production', 'uat']) {
      const trace = told(keeper, `message-${environment}`, environment);
      const json = JSON.stringify({ family, id: '9000000009', postcode: 'LS1 6AE' });
      trace.add('translated', 'To FHIR, about 9000000009', {
        before: () => xml,
        after: () => json,
      });
      trace.about(['9000000009']);
      trace.end();
    }
    await keeper.flush();
    const live = await keeper.find(['message-production']);
    assert.doesNotMatch(JSON.stringify(live), /Featherstone|9000000009|LS1/);
    const found = await traceOf(keeper, 'message-production', all);
    assert.equal(found?.showsTexts, false);
    assert.equal(
      found.trace.steps[1]?.before,
      '<person><family>text 12</family><id extension="digits 10"/><postcode>text 7</postcode></person>',
    );
    const test = await traceOf(keeper, 'message-uat', all);
    assert.equal(test?.trace.steps[1]?.before, xml);
    assert.deepEqual([test.showsTexts, test.people], [true, ['9000000009']]);
    assert.doesNotMatch(test.trace.steps[1].says, /9000000009/);
  });

  it('cuts long texts, leaves out what cannot be written, and bounds a trace', async () => {
    const keeper = open();
    const trace = told(keeper, 'long');
    trace.add('translated', 'Long', {
      before: () => 'x'.repeat(100_000),
      after: () => assert.fail('broken'),
    });
    for (let i = 0; i < 500; i++)
      trace.add('checked', 'Again', { after: () => 'y'.repeat(60_000) });
    trace.named(
      ...Array.from({ length: 500 }, (_, i) => `id-${i}`),
      'a\nb',
      '9000000009',
      'x'.repeat(200),
    );
    trace.end();
    await keeper.flush();
    const found = await traceOf(keeper, 'long', all);
    const { steps } = found?.trace ?? { steps: [] };
    assert.equal(steps.length, 200);
    assert.match(steps[1]?.before ?? '', /^x{65536}\n\(cut: 100000 characters\)$/);
    assert.match(steps[1]?.after ?? '', /^\(left out/);
    assert.match(steps[199]?.after ?? '', /^\(left out/);
    assert.ok((found?.trace.ids.length ?? 0) <= 40);
    assert.deepEqual((await keeper.find(['9000000009'])).pieces, []);
  });

  it('lets go of the oldest beyond a number, and of all that are too old', async () => {
    const keeper = open({ most: 5 });
    for (let i = 1; i <= 12; i++) {
      told(keeper, `message-${i}`).end();
      await keeper.flush();
    }
    const count = () => store.open(traceCollection).count();
    assert.equal(await count(), 5);
    assert.equal((await keeper.find(['message-12'])).pieces.length, 1);
    assert.equal((await keeper.find(['message-7'])).pieces.length, 0);
    assert.equal(await keeper.sweep(), 0);
    time += 25 * hour;
    assert.equal(await keeper.sweep(), 5);
    assert.equal(await count(), 0);
  });

  it('drops what comes faster than it can be written, and counts it', async () => {
    const keeper = open({ most: 100_000 });
    for (let i = 0; i < 1_500; i++) told(keeper, `message-${i}`).end();
    assert.equal(keeper.counts().dropped, 500);
    await keeper.flush();
    assert.equal(keeper.counts().kept, 1_000);
  });

  it('fails nothing when the store does, and says so once', async () => {
    const counters = { add: () => Promise.reject(new Problem('unavailable', 'away')) };
    const away: Store = { ...bound(store), counters };
    const keeper = open({ store: away });
    for (let i = 0; i < 3; i++) {
      told(keeper, `message-${i}`).end();
      await keeper.flush();
    }
    assert.deepEqual([keeper.counts().kept, keeper.counts().dropped], [0, 3]);
    log.flush();
    assert.equal(lines.filter((line) => line.includes('traces of messages')).length, 1);
  });

  it('tells it as text that steers no terminal', async () => {
    const keeper = open();
    const trace = told(keeper, 'message-1');
    trace.add('refused', 'With \u001b[2J a fault', {
      facts: { rule: 'a\r\nb' },
      before: () => 'line 1\nline \u0007 2',
    });
    trace.end();
    await keeper.flush();
    const found = await traceOf(keeper, 'message-1', all);
    const text = traceText(found?.trace ?? assert.fail());
    assert.match(text, /Trace of message-1\n2 steps from 2026-11-\S+Z in /);
    assert.match(text, /received +It has come\n +party: Y90001-820003/);
    assert.match(text, /before:\n +line 1\n +line \ufffd 2/);
    assert.doesNotMatch(text.replaceAll('\n', ''), /\p{C}/u);
  });
});

/** A store whose methods may be taken apart. */
function bound(store: EmbeddedStore): Store {
  return {
    open: (definition) => store.open(definition),
    counters: store.counters,
    changes: store.changes,
    outgoing: (topic, limit) => store.outgoing(topic, limit),
    delivered: (id) => store.delivered(id),
    reset: (workspace) => store.reset(workspace),
    changed: (workspace) => store.changed(workspace),
    close: () => store.close(),
  };
}
