import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore, type EmbeddedStore } from '../server/store/embedded.ts';
import { deliveryCollection, openOutbox, outboxEntry, type NewDelivery } from './outbox.ts';
import { runOutbox, type Outcome, type Runner, type Topic } from './outbox-runner.ts';

const silent = { log: () => undefined, child: () => silent };
const schedule = { retries: 2, interval: 60_000, lifetime: 300_000 };

function delivery(id: string, more: Partial<NewDelivery> = {}): NewDelivery {
  return { id, topic: 'post', body: 'b', about: { message: id }, schedule, ...more };
}

describe('the outbox', () => {
  let dir: string;
  let store: EmbeddedStore;
  let time = 0;
  let runner: Runner | undefined;
  const clock = { now: () => time };
  const sent: string[] = [];
  let next: Outcome[] = [];

  const send: Topic['send'] = ({ id }) => {
    sent.push(id);
    return Promise.resolve(next.shift() ?? { kind: 'done' });
  };
  const run = (topic: Partial<Topic> = {}, more: object = {}) =>
    (runner = runOutbox({
      ...{ store, clock, log: silent, topics: { post: { send, ...topic } }, bringing: [] },
      ...more,
    }));

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-outbox-'));
    store = await openEmbeddedStore({ dir });
    time = 1_000_000;
    sent.length = 0;
    next = [];
  });
  afterEach(async () => {
    await runner?.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('sends what is handed in once, and once only when it is handed in twice', async () => {
    const outbox = openOutbox(store, clock);
    await outbox.add(delivery('a'));
    await outbox.add(delivery('a'));
    await run().look();
    assert.deepEqual(sent, ['a']);
    assert.equal((await outbox.get('a'))?.state, 'done');
    await outbox.add(delivery('a'));
    await runner?.look();
    assert.deepEqual(sent, ['a']);
  });

  it('begins anew what has ended for each new word that says so, and once for each', async () => {
    const outbox = openOutbox(store, clock);
    await outbox.add(delivery('a'));
    await run().look();
    for (const again of ['one', 'one', 'two']) {
      await outbox.add(delivery('a', { again }));
      await runner?.look();
    }
    assert.deepEqual(sent, ['a', 'a', 'a']);
    const { state, generation } = (await outbox.get('a')) ?? {};
    assert.deepEqual([state, generation], ['done', 2]);
  });

  it('sends what landed with a document, and nothing of a document that did not land', async () => {
    const notes = store.open<string>({ name: 'notes' });
    await notes.put('n', 'text', { expected: 0, outbox: [outboxEntry(delivery('with'))] });
    await assert.rejects(
      notes.put('n', 'text', { expected: 0, outbox: [outboxEntry(delivery('without'))] }),
    );
    await run().look();
    assert.deepEqual(sent, ['with']);
  });

  it('wakes when a document brings a delivery along', async () => {
    run({}, { bringing: ['notes'] });
    const seen = new Promise<void>((resolve) => {
      const stop = store.changes.listen((changes) => {
        if (!changes.some(({ collection, version }) => collection !== 'notes' && version === 3))
          return;
        stop();
        resolve();
      });
    });
    const notes = store.open<string>({ name: 'notes' });
    await notes.put('n', 'text', { expected: 0, outbox: [outboxEntry(delivery('with'))] });
    await seen;
    assert.deepEqual(sent, ['with']);
  });

  it('tries again at the interval, and gives up when the retries are used up', async () => {
    const outbox = openOutbox(store, clock);
    next = Array.from({ length: 9 }, () => ({ kind: 'again', reason: 'refused' }));
    await outbox.add(delivery('a'));
    await run().look();
    time += 59_999;
    await runner?.look();
    assert.equal(sent.length, 1);
    time += 1;
    await runner?.look();
    assert.equal(sent.length, 2);
    time += 60_000;
    await runner?.look();
    assert.equal(sent.length, 3);
    const dead = await outbox.get('a');
    assert.deepEqual([dead?.state, dead?.reason], ['dead', 'retries used up: refused']);
    time += 600_000;
    await runner?.look();
    assert.equal(sent.length, 3);
  });

  it('waits for the confirmation of what was handed over, and sends again without it', async () => {
    const outbox = openOutbox(store, clock);
    next = [{ kind: 'sent' }, { kind: 'sent' }];
    await outbox.add(delivery('a'));
    await run().look();
    assert.equal((await outbox.get('a'))?.state, 'sent');
    time += 60_000;
    await runner?.look();
    assert.equal(sent.length, 2);
    assert.equal(await outbox.confirm('a'), true);
    assert.equal(await outbox.confirm('a'), false);
    time += 60_000;
    await runner?.look();
    assert.equal(sent.length, 2);
    assert.equal((await outbox.get('a'))?.state, 'done');
  });

  it('lets a confirmation win that comes before the answer to the sending', async () => {
    const outbox = openOutbox(store, clock);
    await outbox.add(delivery('a'));
    run({
      send: async ({ id }) => {
        assert.equal(await outbox.confirm(id), true);
        return { kind: 'again', reason: 'the connection broke' };
      },
    });
    await runner?.look();
    assert.equal((await outbox.get('a'))?.state, 'done');
  });

  it('reports what has expired with deliveries that land with the end', async () => {
    const outbox = openOutbox(store, clock);
    next = [{ kind: 'again', reason: 'refused' }];
    await outbox.add(delivery('a', { schedule: { ...schedule, retries: 99 } }));
    run({
      gaveUp: ({ id, reason = '' }) =>
        Promise.resolve(id === 'a' ? [delivery('report', { about: { reason } })] : []),
    });
    await runner?.look();
    time += 300_000;
    await runner?.look();
    assert.deepEqual(sent, ['a', 'report']);
    assert.equal((await outbox.get('report'))?.about.reason, 'expired: refused');
  });

  it('lets a person try again and give up, but not while it is being sent', async () => {
    const outbox = openOutbox(store, clock);
    next = [{ kind: 'dead', reason: 'no such address' }];
    await outbox.add(delivery('a', { refs: ['conversation'] }));
    await run().look();
    assert.equal((await outbox.named('conversation'))[0]?.state, 'dead');
    assert.equal((await outbox.list({ state: 'dead' })).items.length, 1);
    await outbox.retry('a');
    await runner?.look();
    assert.equal((await outbox.get('a'))?.state, 'done');
    await assert.rejects(outbox.abandon('a', 'enough'), { kind: 'conflict' });
    await assert.rejects(outbox.retry('none'), { kind: 'not-found' });
    await outbox.add(delivery('b', { notBefore: time + 1000 }));
    assert.equal((await outbox.abandon('b', 'enough')).reason, 'enough');
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let begun: () => void = () => undefined;
    const started = new Promise<void>((resolve) => (begun = resolve));
    await runner?.close();
    run({
      send: async () => {
        begun();
        await gate;
        return { kind: 'done' };
      },
    });
    await outbox.add(delivery('c'));
    await started;
    await assert.rejects(outbox.retry('c'), { kind: 'conflict' });
    open();
  });

  it('never sends one delivery twice at once, however many look', async () => {
    const outbox = openOutbox(store, clock);
    const open = new Map<string, number>();
    let most = 0;
    const slow: Topic['send'] = async ({ id }) => {
      sent.push(id);
      open.set(id, (open.get(id) ?? 0) + 1);
      most = Math.max(most, open.get(id) ?? 0);
      await new Promise(setImmediate);
      open.set(id, (open.get(id) ?? 1) - 1);
      return { kind: 'done' };
    };
    for (let i = 0; i < 100; i++) await outbox.add(delivery(`d${i}`));
    const other = runOutbox({
      ...{ store, clock, log: silent, topics: { post: { send: slow } }, bringing: [] },
    });
    run({ send: slow });
    await Promise.all([runner?.look(), other.look()]);
    await other.close();
    assert.equal(sent.length, 100);
    assert.equal(most, 1);
  });

  it('holds up no other lane for one that is slow', async () => {
    const outbox = openOutbox(store, clock);
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    for (let i = 0; i < 250; i++) await outbox.add(delivery(`slow${i}`, { lane: 'slow' }));
    await outbox.add(delivery('other', { lane: 'other' }));
    let told: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (told = resolve));
    let atOnce = 0;
    run({
      send: async ({ id }) => {
        if (id === 'other') told();
        else {
          atOnce++;
          await gate;
        }
        return { kind: 'done' };
      },
    });
    await done;
    assert.equal(atOnce, 4);
    open();
    await runner?.look();
  });

  it('waits as long as the outcome says, and no longer than its life', async () => {
    const outbox = openOutbox(store, clock);
    next = [
      { kind: 'again', reason: 'busy', at: time + 7_000 },
      { kind: 'again', reason: 'busy', at: time + 9_000_000 },
    ];
    await outbox.add(delivery('a'));
    await run().look();
    assert.equal((await outbox.get('a'))?.due, time + 7_000);
    time += 7_000;
    await runner?.look();
    assert.equal((await outbox.get('a'))?.due, 1_000_000 + schedule.lifetime);
  });

  it('makes growing pauses random, up to their longest', async () => {
    const outbox = openOutbox(store, clock);
    const growing = { ...schedule, retries: 99, interval: 1_000, growing: true, most: 3_000 };
    next = Array.from({ length: 9 }, () => ({ kind: 'again', reason: 'refused' }));
    await outbox.add(delivery('a', { schedule: { ...growing, jitter: true } }));
    run({}, { random: () => 0.5 });
    for (const pause of [500, 1_000, 1_500, 1_500]) {
      await runner?.look();
      assert.equal((await outbox.get('a'))?.due, time + pause);
      time += pause;
    }
  });

  it('sends those of one line strictly one after the other, and lines beside each other', async () => {
    const outbox = openOutbox(store, clock);
    const line = (key: string) => ({ lane: 'l', turn: { key, onDead: 'skip' as const } });
    for (let i = 0; i < 6; i++)
      await outbox.add(delivery(`${i}`, line(i % 2 === 0 ? 'even' : 'odd')));
    const running = new Set<string>();
    let most = 0;
    run({
      send: async ({ id, turn: { key } = { key: '' } }) => {
        assert.equal(running.has(key), false);
        running.add(key);
        most = Math.max(most, running.size);
        sent.push(id);
        await new Promise(setImmediate);
        running.delete(key);
        return { kind: 'done' };
      },
    });
    await runner?.look();
    assert.equal(most, 2);
    assert.deepEqual(
      ['0', '2', '4'],
      sent.filter((id) => Number(id) % 2 === 0),
    );
    assert.deepEqual(
      ['1', '3', '5'],
      sent.filter((id) => Number(id) % 2 === 1),
    );
  });

  it('lets a line wait for the pause of its first, and no other line', async () => {
    const outbox = openOutbox(store, clock);
    const line = (key: string) => ({ lane: 'l', turn: { key, onDead: 'skip' as const } });
    next = [{ kind: 'again', reason: 'refused' }];
    await outbox.add(delivery('first', line('a')));
    await outbox.add(delivery('second', line('a')));
    await outbox.add(delivery('other', line('b')));
    await run().look();
    assert.deepEqual(sent, ['first', 'other']);
    time += 60_000;
    await runner?.look();
    assert.deepEqual(sent, ['first', 'other', 'first', 'second']);
  });

  it('keeps a line back behind what is dead until a person decides, where that is wanted', async () => {
    const outbox = openOutbox(store, clock);
    const line = { lane: 'l', turn: { key: 'a', onDead: 'hold' as const } };
    next = [
      { kind: 'dead', reason: 'refused' },
      { kind: 'dead', reason: 'refused' },
    ];
    for (const id of ['1', '2', '3']) await outbox.add(delivery(id, line));
    await run().look();
    time += 8 * 24 * 3_600_000;
    assert.equal(await outbox.sweep(), 0, 'what holds others is not forgotten');
    time = 1_000_000;
    assert.deepEqual(sent, ['1']);
    assert.equal((await outbox.retry('1')).generation, 1);
    await runner?.look();
    assert.deepEqual(sent, ['1', '1']);
    assert.equal((await outbox.list({ lane: 'l', state: 'dead' })).items[0]?.id, '1');
    await outbox.discard('1', 'no longer wanted');
    await runner?.look();
    assert.deepEqual(sent, ['1', '1', '2', '3']);
    await assert.rejects(outbox.discard('2', 'too late'), { kind: 'conflict' });
  });

  it('begins nothing in a closed lane, and gives up there what has expired', async () => {
    const outbox = openOutbox(store, clock);
    await outbox.add(delivery('a', { lane: 'closed' }));
    await outbox.add(delivery('b', { lane: 'open' }));
    let closed = true;
    run({ room: (lane) => (closed && lane === 'closed' ? 0 : 1) });
    await runner?.look();
    assert.deepEqual(sent, ['b']);
    closed = false;
    await runner?.look();
    assert.deepEqual(sent, ['b', 'a']);
    closed = true;
    await outbox.add(delivery('c', { lane: 'closed' }));
    await runner?.look();
    time += 300_000;
    await runner?.look();
    assert.deepEqual([sent.length, (await outbox.get('c'))?.reason], [2, 'expired']);
  });

  it('reaches each lane however much another holds', async () => {
    const outbox = openOutbox(store, clock);
    const many = Array.from({ length: 2_300 }, (_, i) => i);
    await Promise.all(many.map((i) => outbox.add(delivery(`m${i}`, { lane: 'a closed one' }))));
    const last = delivery('last', { lane: 'z', turn: { key: 'k', onDead: 'skip' } });
    await outbox.add(last);
    run({ room: (lane) => (lane === 'z' ? 1 : 0) });
    await runner?.look();
    assert.deepEqual(sent, ['last']);
  });

  it('counts the attempts of a topic apart where it says how many', async () => {
    const outbox = openOutbox(store, clock);
    for (let i = 0; i < 5; i++) await outbox.add(delivery(`slow${i}`));
    await outbox.add(delivery('other', { topic: 'other' }));
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let told: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (told = resolve));
    let atOnce = 0;
    const slow: Topic['send'] = async () => {
      atOnce++;
      await gate;
      return { kind: 'done' };
    };
    const other: Topic['send'] = () => {
      told();
      return Promise.resolve({ kind: 'done' });
    };
    run({}, { topics: { post: { send: slow, atOnce: 2 }, other: { send: other } }, atOnce: 1 });
    await done;
    assert.equal(atOnce, 2);
    open();
    await runner?.look();
  });

  it('takes up the claim of a process that died when it ends', async () => {
    const outbox = openOutbox(store, clock);
    await outbox.add(delivery('a'));
    const deliveries = store.open(deliveryCollection);
    const stored = await deliveries.get('a');
    assert.ok(stored);
    const claim = { ...stored.value, state: 'sending' as const, attempts: 1, due: time + 65_000 };
    await deliveries.put('a', claim, { expected: stored.version });
    await run().look();
    assert.deepEqual(sent, []);
    time += 65_000;
    await runner?.look();
    assert.deepEqual(sent, ['a']);
  });

  it('takes up claims at once where no other process may have them', async () => {
    const outbox = openOutbox(store, clock);
    await outbox.add(delivery('a'));
    const deliveries = store.open(deliveryCollection);
    const stored = await deliveries.get('a');
    assert.ok(stored);
    const claim = { ...stored.value, state: 'sending' as const, attempts: 1, due: time + 65_000 };
    await deliveries.put('a', claim, { expected: stored.version });
    await run({}, { alone: true }).look();
    assert.deepEqual(sent, ['a']);
  });

  it('removes what has ended a week ago', async () => {
    const outbox = openOutbox(store, clock);
    await outbox.add(delivery('a'));
    await run().look();
    assert.equal(await outbox.sweep(), 0);
    time += 7 * 24 * 60 * 60_000;
    assert.equal(await outbox.sweep(), 1);
    assert.equal(await outbox.get('a'), undefined);
  });
});

describe('an outbox whose process is killed', () => {
  it('has lost nothing that was acknowledged, and sends it after the start', async function () {
    this.timeout(30_000);
    const dir = mkdtempSync(join(tmpdir(), 'gatehouse-outbox-'));
    const script = `
      import { openEmbeddedStore } from '${join(import.meta.dirname, '../server/store/embedded.ts')}';
      import { outboxEntry } from '${join(import.meta.dirname, 'outbox.ts')}';
      const store = await openEmbeddedStore({ dir: ${JSON.stringify(dir)} });
      const notes = store.open({ name: 'notes' });
      const schedule = ${JSON.stringify(schedule)};
      for (let i = 0; ; i++) {
        const entry = outboxEntry({ id: 'd' + i, topic: 'post', body: '', about: {}, schedule });
        await notes.put('n' + i, 'text', { expected: 0, outbox: [entry] });
        process.stdout.write('d' + i + '\\n');
      }`;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      { stdio: ['ignore', 'pipe', 'inherit'], cwd: join(import.meta.dirname, '..') },
    );
    let acknowledged = '';
    child.stdout.on('data', (chunk: Buffer) => {
      acknowledged += chunk.toString();
      if (acknowledged.length > 4_000) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const ids = acknowledged.split('\n').slice(0, -1);
    const sent = new Set<string>();
    const store = await openEmbeddedStore({ dir });
    const send: Topic['send'] = ({ id }) => {
      assert.equal(sent.has(id), false, id);
      sent.add(id);
      return Promise.resolve({ kind: 'done' });
    };
    const clock = { now: () => 1 };
    const runner = runOutbox({
      ...{ store, clock, log: silent, topics: { post: { send } }, bringing: [] },
    });
    await runner.look();
    await runner.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
    assert.ok(ids.length > 100);
    assert.deepEqual(
      ids.filter((id) => !sent.has(id)),
      [],
    );
  });
});
