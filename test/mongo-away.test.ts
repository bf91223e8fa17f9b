/** What happens when the MongoDB server is away: killed, stopped for a while, back again; and what another machine sees. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../core/log.ts';
import { Problem } from '../core/problem.ts';
import type { Change, CollectionOf } from '../core/store.ts';
import { openMongoStore, type MongoStore } from '../server/store/mongo.ts';
import { isProblem } from '../server/store/store.conformance.ts';
import { startMongo, whyNoMongo, type MongoServer } from './start-mongo.ts';

interface Note {
  readonly n: number;
}

const notes: CollectionOf<Note> = {
  name: 'notes',
  overlaid: true,
  keys: ({ n }) => ({ n: [[String(n).padStart(6, '0')]] }),
};
const log: Log = { log: () => undefined, child: () => log };

/** The promises are a second and two; a busy machine is late by itself, and a call that hangs never ends. Milliseconds. */
const patience = 8_000;

describe('a MongoDB server that goes away', function () {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-mongo-'));
  const file = join(dir, 'data');
  let server: MongoServer;
  let databases = 0;
  const stores: MongoStore[] = [];
  before(async function () {
    if (whyNoMongo() !== undefined) this.skip(); // the reason is printed by mongo-store.test.ts
    server = await startMongo(file);
  });
  after(async () => {
    await (server as MongoServer | undefined)?.kill();
    rmSync(dir, { recursive: true });
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });
  const open = async (
    database = `away${databases++}`,
    options: { silence?: number; machine?: string; limits?: Record<string, number> } = {},
  ) => {
    // prettier-ignore
    const store = await openMongoStore({ url: server.url(database), log, ...options });
    stores.push(store);
    return store;
  };

  it('shows the writes of one machine to another within a second, and tells them', async () => {
    const database = `away${databases++}`;
    const [one, other] = await Promise.all([open(database), open(database)]);
    const { heard, until } = listenTo(other);
    await one.open(notes).put('a', { n: 1 }, { expected: 0, by: 'app' });
    const written = performance.now();
    assert.equal((await other.open(notes).get('a'))?.value.n, 1, 'read at once');
    await until(() => heard.some(({ id }) => id === 'a'));
    assert.ok(performance.now() - written < patience);
    assert.deepEqual(heard, await one.changes.since(0), 'told once, as its writer heard it');
  });

  it('tells what a writer that died had not told', async () => {
    const database = `away${databases++}`;
    const [one, other] = await Promise.all([open(database), open(database)]);
    const { heard, until } = listenTo(other);
    await one.open(notes).put('a', { n: 1 }, { expected: 0 });
    await until(() => heard.length > 0);
    await leaveUntold(server.url(database), 'notes//b');
    await until(() => heard.some(({ id }) => id === 'b'));
    const told = (await one.changes.since(1)).map(({ id, commit }) => `${id} ${commit}`);
    assert.deepEqual([...new Set(told)], ['b 999'], 'by one machine, or by both at once');
  });

  it('tells all changes of three machines, in the same order to all', async () => {
    const database = `away${databases++}`;
    const three = await Promise.all([open(database), open(database), open(database)]);
    const ears = three.map(listenTo);
    const [{ changes }] = three;
    await Promise.all(
      three.flatMap((store, machine) =>
        Array.from({ length: 20 }, (_, i) =>
          store.open(notes).put(`${machine}-${i}`, { n: i }, { expected: 0 }),
        ),
      ),
    );
    const all = await changes.since(0);
    assert.equal(new Set(all.map(({ id }) => id)).size, 60);
    for (const { heard, until } of ears) {
      await until(() => heard.length >= 60);
      // On a slow machine another may have taken a change for left behind: then all hear it twice.
      assert.deepEqual(heard, (await changes.since(0)).slice(0, heard.length));
      assert.deepEqual(heard.map(({ cursor }) => cursor), heard.map((_, i) => i + 1)); // prettier-ignore
    }
  });

  it('knows its own changes from those of other machines', async () => {
    const database = `away${databases++}`;
    const one = await open(database, { machine: 'one' });
    const other = await open(database, { machine: 'other' });
    for (const [store, id] of [
      [one, 'a'],
      [other, 'b'],
      [one, 'c'],
    ] as const)
      // prettier-ignore
      await store.open(notes).put(id, { n: 1 }, { expected: 0 });
    const ids = (changes: readonly Change[]) => changes.map(({ id }) => id);
    assert.deepEqual(ids(await one.ownChanges.since(0)), ['a', 'c']);
    assert.deepEqual(ids(await other.ownChanges.since(0)), ['b']);
    assert.deepEqual(ids(await one.ownChanges.since(1, 1)), ['c']);
  });

  it('keeps the limit of a workspace, and frees it by a reset', async () => {
    const store = await open(undefined, { limits: { small: 3 } });
    const small = store.open(notes).in('small');
    await store.open(notes).put('base', { n: 0 }, { expected: 0 });
    for (const id of ['a', 'b']) await small.put(id, { n: 1 }, { expected: 0 });
    await small.remove('base', 1);
    await assert.rejects(small.put('c', { n: 1 }, { expected: 0 }), isProblem('forbidden'));
    await small.put('a', { n: 2 }, { expected: 1 });
    await small.remove('b', 1);
    await small.put('c', { n: 1 }, { expected: 0 });
    assert.equal(await store.changed('small'), 3);
    assert.equal(await store.reset('small'), 3);
    await small.put('d', { n: 1 }, { expected: 0 });
    assert.equal(await small.count(), 2);
  });

  it('keeps outbox entries of documents that are removed or reset', async () => {
    const store = await open();
    const collection = store.open(notes);
    const outbox = [{ topic: 'mail', body: '1' }];
    await collection.put('a', { n: 1 }, { expected: 0, outbox });
    await collection.remove('a', 1);
    await collection.in('w').put('a', { n: 1 }, { expected: 0, outbox });
    assert.equal(await store.reset('w'), 1);
    assert.equal(await collection.in('w').get('a'), undefined);
    const waiting = await store.outgoing('mail');
    assert.equal(waiting.length, 2);
    for (const { id } of waiting) await store.delivered(id);
    assert.deepEqual(await store.outgoing('mail'), []);
    assert.equal((await collection.in('w').put('a', { n: 1 }, { expected: 0 })).version, 1);
  });

  it('loads in bulk over what is there, and keeps marks', async () => {
    const store = await open();
    await store.open(notes).put('5', { n: 0 }, { expected: 0 });
    const records = Array.from({ length: 2500 }, (_, i) => ({ id: String(i), value: { n: i } }));
    const told: number[] = [];
    const mark = { name: 'load', value: String };
    const loaded = await store.bulk(notes, records, { mark, onProgress: (n) => told.push(n) });
    assert.deepEqual([loaded, told], [2500, [1000, 2000, 2500]]);
    assert.equal(await store.mark('load'), '2500');
    await store.setMark('load', undefined);
    assert.equal(await store.mark('load'), undefined);
    assert.equal(await store.open(notes).count(), 2500);
    assert.equal((await store.open(notes).get('5'))?.version, 2);
    const { items } = await store.open(notes).find({ index: 'n', equals: ['002499'] });
    assert.deepEqual(items.map(({ id }) => id), ['2499']); // prettier-ignore
    assert.equal((await store.changes.since(0)).length, 1);
  });

  it('refuses calls soon while it is killed, heals by itself, and loses nothing acknowledged', async () => {
    const store = await open('killed');
    const collection = store.open(notes);
    const acked: string[] = [];
    const failed: Problem[] = [];
    let slowest = 0;
    let killed = 0;
    let going = true;
    const writer = async (name: number) => {
      for (let i = 0; going; i++) {
        const id = `${name}-${i}`;
        const start = performance.now();
        await collection.put(id, { n: i }, { expected: 0 }).then(
          () => acked.push(id),
          async (error: unknown) => {
            failed.push(Problem.from(error));
            slowest = Math.max(slowest, performance.now() - Math.max(start, killed));
            await new Promise((resolve) => setTimeout(resolve, 10)); // else it fails thousands of times
          },
        );
      }
    };
    const writers = Array.from({ length: 8 }, (_, name) => writer(name));
    try {
      for (let kill = 0; kill < 2; kill++) {
        await until(() => acked.length > 50 * (kill + 1));
        await server.kill();
        killed = performance.now();
        const before = failed.length;
        await until(() => failed.length > before + 8);
        server = await startMongo(file, server.port);
        const back = performance.now();
        const then = acked.length;
        await until(() => acked.length > then);
        assert.ok(performance.now() - back < patience, 'heals by itself');
      }
    } finally {
      going = false;
      await Promise.all(writers);
    }
    for (const { kind, headers } of failed)
      assert.deepEqual([kind, headers?.['retry-after']], ['unavailable', '2']);
    assert.ok(slowest < patience, `a call took ${slowest} ms`);
    const there = await Promise.all(acked.map((id) => collection.get(id)));
    assert.equal(there.filter((one) => one === undefined).length, 0);
    await until(async () => {
      const told = new Set((await store.changes.since(0, 100_000)).map(({ id }) => id));
      return acked.every((id) => told.has(id));
    });
  });

  it('holds no call long while it is stopped, and answers when it goes on', async () => {
    const store = await open();
    const collection = store.open(notes);
    await collection.put('a', { n: 1 }, { expected: 0 });
    process.kill(server.pid, 'SIGSTOP');
    try {
      const calls = [
        () => collection.get('a'),
        () => collection.put('a', { n: 2 }, { expected: 1 }),
        () => collection.find({ index: 'n' }),
        () => store.counters.add('n'),
        () => store.changes.latest(),
      ];
      for (let round = 0; round < 2; round++) {
        const start = performance.now();
        const ends = await Promise.allSettled(calls.map((call) => call()));
        assert.ok(performance.now() - start < patience);
        for (const end of ends)
          assert.ok(end.status === 'rejected' && isProblem('unavailable')(end.reason));
      }
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    const back = performance.now();
    await until(async () => (await collection.get('a').catch(() => undefined)) !== undefined);
    assert.ok(performance.now() - back < patience);
    const { version = 0 } = (await collection.get('a')) ?? {};
    assert.ok(version <= 2, 'what was refused is there once or not at all');
    assert.equal((await collection.put('a', { n: 3 }, { expected: version })).version, version + 1);
  });

  it('says that there is no server, and nothing of the password', async () => {
    const url = 'mongodb://user:geheim@127.0.0.1:1/x';
    await assert.rejects(openMongoStore({ url, log }), (error) => {
      assert.ok(isProblem('unavailable')(error) && error instanceof Problem);
      assert.match(error.message, /^MONGO_URL cannot be used: no server answers there/);
      assert.doesNotMatch(error.message, /geheim/);
      return true;
    });
  });
});

function listenTo(store: MongoStore) {
  const heard: Change[] = [];
  store.changes.listen((changes) => heard.push(...changes));
  return { heard, until };
}

/** Waits until it is so, at most some seconds. */
async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await so()); waited += 10) {
    if (waited > 8000) assert.fail('this takes too long');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A document as a writer leaves it that dies between landing and telling. */
async function leaveUntold(url: string, _id: string): Promise<void> {
  const { default: mongoose } = await import('mongoose');
  const connection = await mongoose.createConnection(url).asPromise();
  const p = [{ n: 999, v: 1, r: false, by: '', m: 'gone' }];
  const row = { _id, c: 'notes', w: '', i: 'b', s: 'live', v: 1, n: 999, x: '{"n":2}', k: [], p };
  await connection.collection('documents').insertOne(row as never); // ids of text
  await connection.close();
}
