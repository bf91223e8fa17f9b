import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { allOf, auditEntry, makeAuditFolder, type AuditFolder } from '../../test/audit-folder.ts';
import type { AuditLine } from './line.ts';
import { searchAudit } from './search.ts';
import { cutSegment, segmentName } from './segment.ts';
import { verifyAudit, type VerifyReport } from './verify.ts';

const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);

describe('the audit journal', () => {
  let folder: AuditFolder;
  beforeEach(() => (folder = makeAuditFolder()));
  afterEach(() => {
    folder.remove();
  });

  const segment = (index: number) => join(folder.dir, 'main', segmentName(index));
  const found = (): Promise<AuditLine[]> => allOf(searchAudit(folder.dir, {}));
  const verify = (): Promise<VerifyReport> =>
    verifyAudit({ ...folder, key: readFileSync(join(folder.keys, 'audit.pem'), 'utf8') });
  const used = (path: string) => {
    const bytes = readFileSync(path);
    return bytes.lastIndexOf(10) + 1;
  };

  it('has an entry in the file when append resolves', async () => {
    const journal = await folder.open();
    await journal.append(auditEntry({ requestId: 'r-1', user: 'Zoë "the\nnurse"\u0000\ud800' }));
    const [entry] = await found();
    assert.equal(entry?.requestId, 'r-1');
    assert.equal(entry.user, 'Zoë "the\nnurse"\u0000\ud800');
    assert.equal(entry.seq, 1);
    await journal.close();
    assert.equal((await verify()).good, true);
  });

  it('writes what arrives in one turn together, and one entry with one write', async () => {
    const journal = await folder.open();
    await Promise.all(Array.from({ length: 64 }, () => journal.append(auditEntry())));
    assert.deepEqual([journal.counts.entries, journal.counts.writes], [64, 1]);
    await journal.append(auditEntry());
    assert.deepEqual([journal.counts.entries, journal.counts.writes], [65, 2]);
    await journal.close();
  });

  it('gathers what arrives while a write is in flight into the next', async () => {
    const journal = await folder.open();
    let left = 2000;
    const caller = async () => {
      while (left-- > 0) await journal.append(auditEntry());
    };
    await Promise.all(Array.from({ length: 50 }, caller));
    assert.equal(journal.counts.entries, 2000);
    assert.ok(journal.counts.writes <= 250, `${journal.counts.writes} writes for 2000 entries`);
    await journal.close();
  });

  it('goes on in a new segment when one is full, and keeps the order', async () => {
    const journal = await folder.open({ segmentBytes: 8 * 1024 });
    for (let batch = 0; batch < 20; batch++)
      await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          journal.append(auditEntry({ requestId: String(batch * 10 + i) })),
        ),
      );
    await journal.close();
    assert.ok(readFileSync(segment(10)).length > 0, 'there are many segments');
    const ids = (await found()).map(({ requestId }) => Number(requestId));
    assert.deepEqual(
      ids,
      Array.from({ length: 200 }, (_, i) => i),
    );
    assert.equal((await verify()).good, true);
  });

  it('takes an entry longer than a segment', async () => {
    const journal = await folder.open({ segmentBytes: 1024 });
    const people = Array.from({ length: 200 }, (_, i) => String(9_990_000_000 + i));
    await journal.append(auditEntry({ people }));
    await journal.append(auditEntry());
    await journal.close();
    assert.deepEqual((await found())[0]?.people, people);
    assert.equal((await verify()).good, true);
  });

  it('continues its chain at the next start and tells the last commit', async () => {
    const first = await folder.open();
    assert.equal(first.lastCommit, 0);
    await first.append(auditEntry({ commit: 7 }));
    await first.append(auditEntry({ commit: 5 }));
    await first.append(auditEntry());
    await first.close();
    const second = await folder.open();
    assert.deepEqual(second.recovered, []);
    assert.equal(second.lastCommit, 7);
    await second.append(auditEntry());
    await second.close();
    assert.deepEqual(
      (await found()).map(({ seq }) => seq),
      [1, 2, 3, 4],
    );
    assert.equal((await verify()).good, true);
  });

  it('cuts half a line at the end, says so, and goes on from there', async () => {
    const journal = await folder.open();
    await journal.append(auditEntry());
    await journal.append(auditEntry());
    await journal.close();
    const whole = readFileSync(segment(1)).subarray(0, used(segment(1)));
    // The line that would have come third, cut short by a crash.
    const again = await folder.open();
    await again.append(auditEntry());
    const third = readFileSync(segment(1)).subarray(whole.length, whole.length + 200);
    await again.close();
    writeFileSync(join(folder.heads, 'main.heads'), firstHeads(2));
    writeFileSync(segment(1), Buffer.concat([whole, third, Buffer.alloc(9000)]));

    const restarted = await folder.open();
    assert.match(restarted.recovered.join(), /Cut off .* after entry 2 .* never acknowledged/);
    await restarted.append(auditEntry({ requestId: 'after' }));
    await restarted.close();
    assert.deepEqual(
      (await found()).map(({ seq, requestId }) => [seq, requestId === 'after']),
      [
        [1, false],
        [2, false],
        [3, true],
      ],
    );
    assert.equal((await verify()).good, true);
  });

  const firstHeads = (seq: number) =>
    readFileSync(join(folder.heads, 'main.heads'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && (JSON.parse(line) as { seq: number }).seq <= seq)
      .map((line) => `${line}\n`)
      .join('');

  it('cuts a write that a power failure tore out of order', async () => {
    const journal = await folder.open();
    await journal.append(auditEntry());
    await Promise.all(Array.from({ length: 10 }, () => journal.append(auditEntry())));
    await journal.close();
    writeFileSync(join(folder.heads, 'main.heads'), '');
    // All but the first entry were one write; its first block never reached the disk.
    const bytes = readFileSync(segment(1));
    const start = bytes.indexOf(10) + 1;
    bytes.fill(0, start, start + 700);
    writeFileSync(segment(1), bytes);
    const restarted = await folder.open();
    assert.match(restarted.recovered.join(), /Cut off .* after entry 1 /);
    await restarted.append(auditEntry());
    await restarted.close();
    assert.equal((await found()).length, 2);
    assert.equal((await verify()).good, true);
  });

  it('names damage to acknowledged entries at start, keeps the file, and writes on', async () => {
    const journal = await folder.open();
    for (let i = 0; i < 5; i++) await journal.append(auditEntry());
    await journal.close();
    const bytes = readFileSync(segment(1));
    const second = bytes.indexOf(10) + 1;
    bytes.fill(0, second + 10, second + 20);
    writeFileSync(segment(1), bytes);
    const restarted = await folder.open();
    assert.match(restarted.recovered.join(), /damaged: entry 2 /);
    await restarted.append(auditEntry({ requestId: 'after' }));
    await restarted.close();
    assert.deepEqual(readFileSync(segment(1)), bytes);
    assert.equal((await found()).at(-1)?.requestId, 'after');
    assert.equal((await found()).at(-1)?.seq, 6);
    assert.equal((await verify()).chains[0]?.fault?.seq, 2);
  });

  it('says at start that signed entries are missing', async () => {
    const journal = await folder.open();
    for (let i = 0; i < 3; i++) await journal.append(auditEntry());
    await journal.close();
    await cutSegment(segment(1), readFileSync(segment(1)).indexOf(10) + 1);
    const restarted = await folder.open();
    assert.match(restarted.recovered.join(), /ends at entry 1, but entry 3 was signed/);
    await restarted.close();
  });

  it('refuses entries while its folder is gone, and recovers alone', async () => {
    const journal = await folder.open({ retryEvery: 20 });
    await journal.append(auditEntry());
    renameSync(folder.dir, `${folder.dir}-elsewhere`);
    writeFileSync(folder.dir, 'in the way');
    await assert.rejects(journal.append(auditEntry({ requestId: 'lost', commit: 3 })));
    assert.equal(journal.failed, true);
    await assert.rejects(journal.append(auditEntry()), /takes no entry/);
    renameSync(folder.dir, `${folder.dir}-out-of-the-way`);
    renameSync(`${folder.dir}-elsewhere`, folder.dir);
    await until(() => !journal.failed);
    await journal.append(auditEntry({ requestId: 'after' }));
    await journal.close();
    // The change that had landed in the store although its call was refused is entered after all.
    assert.deepEqual(
      (await found()).map(({ kind, requestId }) => [kind, requestId.slice(0, 5)]),
      [
        ['access', '60e0b'],
        ['recovered', 'lost'],
        ['access', 'after'],
      ],
    );
    assert.equal((await verify()).good, true);
  });

  it('acknowledges nothing that was written to a file which is no longer there', async () => {
    const journal = await folder.open({ retryEvery: 20 });
    await journal.append(auditEntry());
    rmSync(folder.dir, { recursive: true });
    await assert.rejects(journal.append(auditEntry()), /could not be written/);
    await until(() => !journal.failed);
    await journal.append(auditEntry({ requestId: 'after' }));
    await journal.close();
    assert.deepEqual(
      (await found()).map(({ seq, requestId }) => [seq, requestId]),
      [[2, 'after']],
    );
    // The verifier tells that the first entry was removed.
    assert.equal((await verify()).chains[0]?.fault?.seq, 1);
  });

  it('refuses more than may wait', async () => {
    const journal = await folder.open({ mostWaiting: 3 });
    const appends = Array.from({ length: 5 }, () => journal.append(auditEntry()));
    const results = await Promise.allSettled(appends);
    assert.equal(results.filter(({ status }) => status === 'rejected').length, 2);
    await journal.append(auditEntry());
    await journal.close();
    assert.equal((await found()).length, 4);
  });

  it('goes on when the second place is away, and signs when it is back', async () => {
    const journal = await folder.open({ headEvery: 2 });
    for (let i = 0; i < 3; i++) await journal.append(auditEntry());
    await journal.close();
    writeFileSync(join(folder.root, 'file'), '');
    const logged: string[] = [];
    const log = { log: (_: string, message: string) => logged.push(message), child: () => log };
    // A path below a file cannot be made, so every head fails.
    const other = await folder.open({ headEvery: 2, heads: folder.heads, log });
    renameSync(folder.heads, `${folder.heads}-away`);
    writeFileSync(folder.heads, 'in the way');
    await other.append(auditEntry());
    await other.append(auditEntry());
    await other.append(auditEntry());
    await other.close();
    assert.equal((await found()).length, 6);
  });

  it('refuses entries once it is closed, and ends no half line of the heads', async () => {
    const journal = await folder.open();
    await journal.append(auditEntry());
    await journal.close();
    await assert.rejects(journal.append(auditEntry()), /closed/);
    appendFileSync(join(folder.heads, 'main.heads'), '{"chain":"main","se');
    const second = await folder.open();
    await second.append(auditEntry());
    await second.close();
    assert.equal((await verify()).good, true);
  });

  it('keeps every acknowledged entry when the process is killed under load', async function () {
    this.timeout(60_000);
    const program = `
      const { openJournal } = await import(${module('./journal.ts')});
      const { systemClock } = await import(${module('../../core/clock.ts')});
      const { auditEntry } = await import(${module('../../test/audit-folder.ts')});
      const { writeSync } = await import('node:fs');
      const [round, dir, heads, keys] = process.argv.slice(1);
      const journal = await openJournal({ dir, heads, keys, clock: systemClock, segmentBytes: 131072, headEvery: 100 });
      let next = 0;
      const caller = async () => {
        for (;;) {
          const requestId = round + '-' + next++;
          await journal.append(auditEntry({ requestId }));
          writeSync(1, requestId + '\\n');
        }
      };
      for (let i = 0; i < 16; i++) void caller();
    `;
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const args = ['--import', 'tsx', '--input-type=module', '-e', program, '--'];
      const child = spawn(
        process.execPath,
        [...args, String(round), folder.dir, folder.heads, folder.keys],
        { stdio: ['ignore', 'pipe', 'inherit'], timeout: 25_000, killSignal: 'SIGKILL' },
      );
      const lines = createInterface({ input: child.stdout });
      lines.on('line', (line) => acknowledged.push(line));
      const drained = once(lines, 'close');
      await once(lines, 'line');
      await wait(50 + Math.random() * 300);
      child.kill('SIGKILL');
      await drained;
      const journal = await folder.open();
      await journal.append(auditEntry({ requestId: `after-${round}` }));
      await journal.close();
      acknowledged.push(`after-${round}`);
    }
    const kept = new Set((await found()).map(({ requestId }) => requestId));
    assert.ok(acknowledged.length > 100, `only ${acknowledged.length} entries were acknowledged`);
    assert.deepEqual(
      acknowledged.filter((id) => !kept.has(id)),
      [],
    );
    const report = await verify();
    assert.deepEqual([report.good, report.chains[0]?.fault], [true, undefined]);
  });

  it('refuses entries when the disk has no room, and recovers alone when it has', async function () {
    this.timeout(30_000);
    if (spawnSync('prlimit', ['--version']).status !== 0) {
      console.log('      skipped: this machine has no prlimit');
      this.skip();
    }
    const program = `
      const { openJournal } = await import(${module('./journal.ts')});
      const { systemClock } = await import(${module('../../core/clock.ts')});
      const { auditEntry } = await import(${module('../../test/audit-folder.ts')});
      const { createInterface } = await import('node:readline');
      process.on('SIGXFSZ', () => {});
      const [dir, heads, keys] = process.argv.slice(1);
      const journal = await openJournal({ dir, heads, keys, clock: systemClock, segmentBytes: 65536, retryEvery: 20 });
      console.log('open');
      for await (const line of createInterface({ input: process.stdin })) {
        if (line === 'close') break;
        const told = await journal.append(auditEntry({ requestId: line })).then(() => 'kept', () => 'refused');
        console.log(told);
      }
      await journal.close();
      process.exit(0);
    `;
    const args = ['--import', 'tsx', '--input-type=module', '-e', program, '--'];
    const child = spawn(process.execPath, [...args, folder.dir, folder.heads, folder.keys], {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 25_000,
      killSignal: 'SIGKILL',
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (id: string) => {
      child.stdin.write(`${id}\n`);
      return (await lines.next()).value as string; // readline gives texts
    };
    const limit = (bytes: string) => {
      const done = spawnSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}`]);
      assert.equal(done.status, 0, done.stderr.toString());
    };
    await lines.next();
    assert.equal(await ask('before'), 'kept');
    limit('100:unlimited');
    assert.equal(await ask('no room'), 'refused');
    assert.equal(await ask('still none'), 'refused');
    limit('unlimited:unlimited');
    const statuses: string[] = [];
    while (statuses.at(-1) !== 'kept') statuses.push(await ask('after'));
    const ended = once(child, 'exit');
    child.stdin.end('close\n');
    await ended;
    assert.deepEqual(
      (await found()).map(({ requestId }) => requestId),
      ['before', 'after'],
    );
    assert.equal((await verify()).good, true);
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(5);
}
