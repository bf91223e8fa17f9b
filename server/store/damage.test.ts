import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { backupFolder, restoreFolder } from './backup.ts';
import { checkStore } from './check.ts';
import { openEmbeddedStore } from './embedded.ts';
import { migrations } from './layout.ts';
import { openSqlite } from './sqlite.ts';
import { isProblem } from './store.conformance.ts';

interface Step {
  readonly step: number;
}

const steps = {
  name: 'steps',
  keys: ({ step }: Step) => ({ step: [[String(step)], ['twice', String(step)]] }),
};

/** Eight documents written over and over; each write says so on standard output once it is acknowledged. */
const writer = (dir: string) => `
  import { openEmbeddedStore } from ${JSON.stringify(new URL('./embedded.ts', import.meta.url).href)};
  const store = await openEmbeddedStore({ dir: ${JSON.stringify(dir)} });
  const steps = store.open({ name: 'steps', keys: ({ step }) => ({ step: [[String(step)], ['twice', String(step)]] }) });
  console.log('ready');
  for (const id of 'abcdefgh') void (async () => {
    let version = (await steps.get(id))?.version ?? 0;
    for (;;) {
      const outbox = [{ topic: 'sent', body: id }];
      const put = await steps.put(id, { step: version + 1, pad: 'x'.repeat(3000) }, { expected: version, outbox });
      version = put.version;
      console.log(id + ' ' + version + ' ' + put.commit);
    }
  })();`;

const program = (code: string) =>
  spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

interface Acknowledged {
  readonly versions: Map<string, number>;
  lastCommit: number;
}

/** Runs the writer and kills it after so many acknowledged writes. */
async function killedAfter(dir: string, writes: number): Promise<Acknowledged> {
  const child = program(writer(dir));
  const acknowledged: Acknowledged = { versions: new Map(), lastCommit: 0 };
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [id, version, commit] = line.split(' ');
    if (id === undefined || version === undefined) continue;
    acknowledged.versions.set(id, Number(version));
    acknowledged.lastCommit = Math.max(acknowledged.lastCommit, Number(commit));
    if (++count === writes) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return acknowledged;
}

describe('a store that was hurt', () => {
  const dirs: string[] = [];
  const newFolder = () => {
    const dir = mkdtempSync(join(tmpdir(), 'gatehouse-hurt-'));
    dirs.push(dir);
    return dir;
  };
  afterEach(() => {
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
  });

  const filled = async () => {
    const dir = newFolder();
    const store = await openEmbeddedStore({ dir });
    const documents = store.open({ name: 'texts', encode: String, decode: String });
    const write = (n: number) =>
      documents.put(`id${n}`, `marked ${n} ${'x'.repeat(3000)}`, { expected: 0 });
    await Promise.all(Array.from({ length: 50 }, (_, n) => write(n)));
    await store.close();
    return dir;
  };

  it('has lost nothing acknowledged and applied nothing by half after kill -9', async () => {
    const dir = newFolder();
    for (const writes of [40, 300, 7, 150]) {
      const { versions, lastCommit } = await killedAfter(dir, writes);
      const store = await openEmbeddedStore({ dir });
      assert.ok(store.opening.lastCommit >= lastCommit);
      assert.match(store.opening.recovered.join(' '), /replayed/);
      const collection = store.open<Step>(steps);
      let written = 0;
      for (const id of 'abcdefgh') {
        const found = await collection.get(id);
        written += found?.version ?? 0;
        assert.ok(
          (found?.version ?? 0) >= (versions.get(id) ?? 0),
          'an acknowledged write is lost',
        );
        assert.equal(found?.value.step, found?.version);
        const { items } = await collection.find({
          index: 'step',
          equals: [String(found?.version)],
        });
        assert.ok(
          items.some((item) => item.id === id),
          'a record without its key',
        );
      }
      assert.equal((await store.changes.since(0)).length, Math.min(written, 1000));
      assert.equal((await store.outgoing('sent', 1_000_000)).length, written);
      await store.close();
      assert.deepEqual(checkStore(join(dir, 'store.db')).faults, []);
    }
  }).timeout(60_000);

  it('says how many commits a damaged log has cost, and keeps it', async () => {
    const dir = newFolder();
    await killedAfter(dir, 200);
    const log = join(dir, 'store.db-wal');
    flip(log, Math.floor(statSync(log).size / 2));
    const store = await openEmbeddedStore({ dir });
    assert.match(store.opening.recovered.join(' '), /is damaged after page \d+: \d+ later commits/);
    assert.ok(existsSync(`${log}.damaged`));
    await store.counters.add('goes on');
    await store.close();
  }).timeout(30_000);

  it('names a record with one flipped bit, and serves the rest', async () => {
    const dir = await filled();
    const file = join(dir, 'store.db');
    flip(file, readFileSync(file).indexOf('marked 25 ') + 500);
    const store = await openEmbeddedStore({ dir });
    const documents = store.open({ name: 'texts', encode: String, decode: String });
    await assert.rejects(documents.get('id25'), isProblem('internal'));
    await assert.rejects(documents.get('id25'), /damaged: collection texts, row \d+$/);
    assert.ok(await documents.get('id24'));
    await store.close();
    const { faults, documents: checked } = checkStore(file);
    assert.equal(checked, 50);
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? '', /^Collection texts, row \d+: damaged/);
  });

  it('names an index that does not say what its records say', async () => {
    const dir = newFolder();
    const store = await openEmbeddedStore({ dir });
    await store.open<Step>(steps).put('a', { step: 1 }, { expected: 0 });
    await store.close();
    const file = join(dir, 'store.db');
    const sqlite = openSqlite(file);
    sqlite.exec("UPDATE keys SET key = 'x' WHERE key LIKE 'twice%'");
    sqlite.close();
    assert.match(checkStore(file).faults.join(), /^Index step of collection steps/);
  });

  it('is refused by name when its file is cut short or no store', async () => {
    const dir = await filled();
    const file = join(dir, 'store.db');
    truncateSync(file, Math.floor(statSync(file).size / 16384) * 8192);
    await assert.rejects(openEmbeddedStore({ dir }), /store\.db is cut short: \d+ of \d+ pages/);
    writeFileSync(file, 'x'.repeat(20_000));
    await assert.rejects(openEmbeddedStore({ dir }), /store\.db is damaged: it does not start/);
  });

  it('opens after a kill -9 in the middle of a migration', async () => {
    const dir = newFolder();
    const sqlite = openSqlite(join(dir, 'store.db'));
    sqlite.exec(`${migrations[0] ?? ''} PRAGMA user_version=1; PRAGMA application_id=0x47617465`);
    sqlite.close();
    const child = program(`
      import { openSqlite } from ${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)};
      const sqlite = openSqlite(${JSON.stringify(join(dir, 'store.db'))});
      sqlite.exec('BEGIN EXCLUSIVE; PRAGMA cache_size=1;' + ${JSON.stringify(migrations[1])} + 'PRAGMA user_version=2');
      process.kill(process.pid, 'SIGKILL');`);
    await once(child, 'exit');
    const store = await openEmbeddedStore({ dir });
    assert.match(store.opening.recovered.join(' '), /from data format 1/);
    await store.counters.add('works');
    await store.close();
  }).timeout(30_000);

  it('refuses writes while there is no room for them, reads on, and keeps what it acknowledged', async function () {
    if (process.platform === 'win32') this.skip(); // needs a limit on the size of files, which only a POSIX shell sets
    const dir = newFolder();
    const code = `
      import { openEmbeddedStore } from ${JSON.stringify(new URL('./embedded.ts', import.meta.url).href)};
      const store = await openEmbeddedStore({ dir: ${JSON.stringify(dir)} });
      const texts = store.open({ name: 'texts', encode: String, decode: String });
      let written = 0;
      const put = () => texts.put('id' + written, 'x'.repeat(50_000), { expected: 0 }).then(() => { written++; });
      let refused;
      while (refused === undefined) await put().catch((error) => { refused = error; });
      console.log(JSON.stringify({ kind: refused.kind, written, read: (await texts.get('id0')).version }));
      process.exit();`;
    const limited = spawn(
      'sh',
      [
        '-c',
        'ulimit -f 3000; exec "$@"',
        'sh',
        process.execPath,
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        code,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let told = '';
    for await (const line of createInterface({ input: limited.stdout })) told += line;
    const { kind, written, read } = JSON.parse(told) as Record<string, unknown>; // printed by the program above
    assert.deepEqual([kind, read], ['unavailable', 1]);
    const store = await openEmbeddedStore({ dir });
    assert.equal(
      await store.open({ name: 'texts', encode: String, decode: String }).count(),
      written,
    );
    await store.counters.add('works again');
    await store.close();
  }).timeout(30_000);

  it('comes back from a backup made while it was written to', async () => {
    const dir = newFolder();
    const target = join(newFolder(), 'copy');
    writeFileSync(join(dir, 'key.pem'), 'a key');
    const store = await openEmbeddedStore({ dir });
    const collection = store.open<Step>(steps);
    for (let n = 0; n < 20; n++) await collection.put(`id${n}`, { step: n }, { expected: 0 });
    const until = new AbortController();
    const writing = (async () => {
      for (let n = 20; !until.signal.aborted; n++)
        await collection.put(`id${n}`, { step: n }, { expected: 0 });
    })();
    const manifest = await backupFolder(dir, target, 0);
    until.abort();
    await writing;
    await assert.rejects(restoreFolder(target, dir, true), /in use by another process/);
    await store.close();
    await assert.rejects(restoreFolder(target, dir, false), isProblem('conflict'));
    await restoreFolder(target, dir, true);
    assert.equal(readFileSync(join(dir, 'key.pem'), 'utf8'), 'a key');
    assert.deepEqual(checkStore(join(dir, 'store.db')).faults, []);
    const again = await openEmbeddedStore({ dir });
    assert.equal(again.opening.lastCommit, manifest.lastCommit);
    assert.equal(await again.open<Step>(steps).count(), manifest.lastCommit);
    await again.close();
  });

  it('is not replaced by a backup that is damaged or not whole', async () => {
    const dir = await filled();
    const copy = join(newFolder(), 'copy');
    await backupFolder(dir, copy, 0);
    const target = newFolder();
    flip(join(copy, 'store.db'), 9000);
    await assert.rejects(restoreFolder(copy, target, false), /The backup is damaged: store\.db/);
    await assert.rejects(openEmbeddedStore({ dir: target }), /cut short/);
    rmSync(join(copy, 'manifest.json'));
    await assert.rejects(restoreFolder(copy, target, true), /is no whole backup/);
    await assert.rejects(backupFolder(dir, join(dir, 'inside'), 0), isProblem('invalid'));
    await assert.rejects(backupFolder(dir, copy, 0), /is not empty/);
  });
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
  writeFileSync(file, bytes);
}
