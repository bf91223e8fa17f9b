import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditEntry, makeAuditFolder, type AuditFolder } from '../../test/audit-folder.ts';
import { noLink, parseLine, toLine, type AuditLine } from './line.ts';
import { verifyAudit, type VerifyReport } from './verify.ts';

/** A small generator of numbers, so that a failure can be run again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('the audit verifier', function () {
  this.timeout(30_000);
  let folder: AuditFolder;
  let key: string;
  let copy: string;
  const main = () => join(copy, 'audit', 'main');
  const headsFile = () => join(copy, 'heads', 'main.heads');
  const check = (): Promise<VerifyReport> =>
    verifyAudit({ dir: join(copy, 'audit'), heads: join(copy, 'heads'), key });
  const segments = () => readdirSync(main()).map((name) => join(main(), name));
  const withEntries = () => segments().filter((path) => readFileSync(path)[0] !== 0);
  const entries = 60;

  before(async () => {
    folder = makeAuditFolder();
    const journal = await folder.open({ segmentBytes: 8 * 1024, headEvery: 10 });
    for (let i = 0; i < entries; i++)
      await journal.append(
        auditEntry({ requestId: `request-${i}`, people: [String(9_990_000_000 + i)], commit: i }),
      );
    await journal.close();
    key = readFileSync(join(folder.keys, 'audit.pem'), 'utf8');
    copy = join(folder.root, 'copy');
  });
  after(() => {
    folder.remove();
  });
  beforeEach(fresh);

  function fresh() {
    rmSync(copy, { recursive: true, force: true });
    cpSync(folder.dir, join(copy, 'audit'), { recursive: true });
    cpSync(folder.heads, join(copy, 'heads'), { recursive: true });
  }

  /** The lines of a segment, and what puts them back with zeros behind. */
  function linesOf(path: string): { lines: Buffer[]; save: (lines: Buffer[]) => void } {
    const bytes = readFileSync(path);
    const lines: Buffer[] = [];
    for (let at = 0; bytes[at] !== 0 && at < bytes.length;) {
      const end = bytes.indexOf(10, at) + 1;
      lines.push(bytes.subarray(at, end));
      at = end;
    }
    return {
      lines,
      save: (kept) => {
        const text = Buffer.concat(kept);
        const zeros = Buffer.alloc(Math.max(0, bytes.length - text.length));
        writeFileSync(path, Buffer.concat([text, zeros]));
      },
    };
  }

  function at<T>(list: readonly T[], index: number): T {
    const item = list.at(index);
    assert.ok(item !== undefined);
    return item;
  }

  const seqOf = (line: Buffer) => parseLine(line)?.seq ?? 0;

  async function faultOf() {
    const { good, chains } = await check();
    assert.equal(good, false, 'the verifier saw nothing');
    const fault = chains[0]?.fault;
    assert.ok(fault);
    return fault;
  }

  it('finds an untouched audit good, and says how far it is signed', async () => {
    assert.deepEqual(await check(), {
      good: true,
      chains: [{ chain: 'main', entries, signedTo: entries }],
      notes: [],
    });
  });

  it('says that signatures were not checked without a key', async () => {
    const { good, notes } = await verifyAudit({
      dir: join(copy, 'audit'),
      heads: join(copy, 'heads'),
    });
    assert.equal(good, true);
    assert.match(notes.join(), /signatures .* not checked/);
  });

  it('names the entry in which any one byte was changed', async () => {
    const next = random(1);
    for (let round = 0; round < 150; round++) {
      fresh();
      const path = at(withEntries(), next(withEntries().length));
      const { lines } = linesOf(path);
      const bytes = readFileSync(path);
      const place = next(Buffer.concat(lines).length);
      let before = 0;
      const hit = lines.find((line) => (before += line.length) > place);
      bytes[place] = (at([...bytes.subarray(place, place + 1)], 0) ^ (1 << next(8))) & 0xff;
      writeFileSync(path, bytes);
      const fault = await faultOf();
      assert.ok(hit);
      assert.equal(fault.seq, seqOf(hit), `round ${round}, byte ${place}: ${fault.message}`);
    }
  });

  it('notices entries taken out, swapped, or put in twice, wherever that is', async () => {
    const next = random(2);
    for (let round = 0; round < 120; round++) {
      fresh();
      const { lines, save } = linesOf(at(withEntries(), next(withEntries().length)));
      const one = next(lines.length);
      const two = next(lines.length);
      const first = Math.min(seqOf(at(lines, one)), seqOf(at(lines, two)));
      const change = at(['removed', 'repeated', 'reordered'] as const, round % 3);
      let expected = seqOf(at(lines, one));
      if (change === 'removed') lines.splice(one, 1);
      else if (change === 'repeated') {
        lines.splice(one, 0, at(lines, one));
        expected += 1;
      } else {
        if (one === two) continue;
        [lines[one], lines[two]] = [at(lines, two), at(lines, one)];
        expected = first;
      }
      save(lines);
      const fault = await faultOf();
      assert.equal(fault.seq, expected, `${change} ${expected}: ${fault.message}`);
    }
  });

  it('says what was done', async () => {
    const kinds: [string, (lines: Buffer[]) => Buffer[]][] = [
      ['removed', ([a, _, ...rest]) => [at([a ?? Buffer.of()], 0), ...rest]],
      [
        'reordered',
        ([a, b, c, ...rest]) => [a, c, b, ...rest].filter((line) => line !== undefined),
      ],
      ['repeated', ([a, ...rest]) => [a, a, ...rest].filter((line) => line !== undefined)],
      [
        'changed',
        ([a, ...rest]) => [at([a ?? Buffer.of()], 0), Buffer.from('{"forged":true}\n'), ...rest],
      ],
      ['hole', ([a, b, ...rest]) => [a ?? Buffer.of(), Buffer.alloc(b?.length ?? 0), ...rest]],
    ];
    for (const [kind, change] of kinds) {
      fresh();
      const { lines, save } = linesOf(at(withEntries(), 1));
      const second = seqOf(at(lines, 1));
      save(change(lines));
      const fault = await faultOf();
      assert.deepEqual([fault.kind, fault.seq], [kind, second], fault.message);
      assert.equal(fault.file, at(withEntries(), 1));
      assert.equal(fault.offset, at(lines, 0).length);
    }
  });

  it('notices a tail that was cut off, wherever the cut is', async () => {
    const next = random(3);
    for (let round = 0; round < 40; round++) {
      fresh();
      const { lines, save } = linesOf(at(withEntries(), -1));
      const kept = next(lines.length);
      const first = seqOf(at(lines, kept));
      const half = at(lines, kept).subarray(0, next(2) * next(300));
      save([...lines.slice(0, kept), half]);
      const fault = await faultOf();
      assert.equal(fault.seq, first, fault.message);
    }
  });

  it('notices whole segments taken away: the first, one between, the last, all', async () => {
    const paths = withEntries();
    for (const index of [0, 2, paths.length - 1]) {
      fresh();
      const expected = seqOf(at(linesOf(at(withEntries(), index)).lines, 0));
      rmSync(at(paths, index));
      assert.equal((await faultOf()).seq, expected);
    }
    rmSync(join(copy, 'audit'), { recursive: true });
    assert.deepEqual([(await faultOf()).kind, (await faultOf()).seq], ['cut', 1]);
  });

  it('notices a forged entry at the end, and bytes that are no entry', async () => {
    const { lines, save } = linesOf(at(withEntries(), -1));
    const { line: alone } = toLine('main', auditEntry(), noLink, 0);
    for (const forged of [alone, '{"chain":"main","seq":61}\n', 'junk', `\0\0\0junk\n`]) {
      save([...lines, Buffer.from(forged)]);
      assert.equal((await faultOf()).seq, entries + 1, forged);
    }
  });

  it('notices a chain rewritten with right hashes, by the signed heads', async () => {
    const path = at(withEntries(), -1);
    const { lines, save } = linesOf(path);
    const parsed = lines.map(parseLine).filter((line) => line !== undefined);
    const start: AuditLine = at(parsed, 0);
    let link = { seq: start.seq - 1, hash: start.prev, top: start.top };
    const rewritten = parsed.map((line) => {
      const made = toLine('main', { ...line, user: 'somebody-else' }, link, line.synced);
      link = made.link;
      return Buffer.from(made.line);
    });
    save(rewritten);
    const fault = await faultOf();
    assert.equal(fault.kind, 'rewritten');
    assert.ok(fault.seq <= start.seq);
  });

  it('notices a head that was changed or forged', async () => {
    const next = random(4);
    const text = readFileSync(headsFile());
    for (let round = 0; round < 40; round++) {
      const bytes = Buffer.from(text);
      const place = next(bytes.length - 1);
      bytes[place] = (at([...bytes.subarray(place, place + 1)], 0) ^ (1 << next(7))) & 0xff;
      writeFileSync(headsFile(), bytes);
      const { good } = await check();
      assert.equal(
        good,
        false,
        `byte ${place} of the heads: ${bytes.toString('latin1', place - 20, place + 20)}`,
      );
    }
  });

  it('passes over half an entry at the end that nobody signed, with a note', async () => {
    const open = makeAuditFolder();
    try {
      const journal = await open.open();
      await journal.append(auditEntry());
      await journal.append(auditEntry());
      // Still open, so nothing is signed: the end may be a write in progress.
      const path = join(open.dir, 'main', '00000001.audit');
      const bytes = readFileSync(path);
      const end = bytes.lastIndexOf(10);
      bytes.fill(0, end - 30, end + 1);
      writeFileSync(path, bytes);
      const { good, chains, notes } = await verifyAudit(open);
      assert.deepEqual([good, chains[0]?.entries], [true, 1]);
      assert.match(notes.join(), /Half an entry/);
      await journal.close();
    } finally {
      open.remove();
    }
  });

  it('checks an audit while it is being written', async () => {
    const open = makeAuditFolder();
    try {
      const journal = await open.open({ headEvery: 50 });
      let going = true;
      const callers = Array.from({ length: 8 }, async () => {
        while (going) await journal.append(auditEntry());
      });
      for (let round = 0; round < 5; round++) {
        const report = await verifyAudit(open);
        assert.deepEqual([report.good, report.chains[0]?.fault], [true, undefined]);
      }
      going = false;
      await Promise.all(callers);
      await journal.close();
    } finally {
      open.remove();
    }
  });

  it('finds nothing in a folder that does not exist', async () => {
    assert.equal(existsSync(join(copy, 'nowhere')), false);
    const report = await verifyAudit({ dir: join(copy, 'nowhere'), heads: join(copy, 'nowhere') });
    assert.deepEqual([report.good, report.chains], [true, []]);
  });
});
