import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditEntry, makeAuditFolder, type AuditFolder } from '../../../test/audit-folder.ts';

const program = `
  const { auditCommand } = await import(${JSON.stringify(new URL('./audit.ts', import.meta.url).href)});
  await auditCommand().parseAsync(process.argv.slice(1), { from: 'user' });
`;

describe('gatehouse audit', function () {
  this.timeout(30_000);
  let folder: AuditFolder;
  const run = (...args: string[]) => runWith({}, ...args);
  const runWith = (environment: Record<string, string>, ...args: string[]) => {
    const done = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program, '--', ...args],
      { encoding: 'utf8', env: environment },
    );
    return { status: done.status, out: done.stdout, error: done.stderr };
  };

  before(async () => {
    folder = makeAuditFolder();
    const journal = await folder.open();
    await journal.append(auditEntry({ at: Date.UTC(2026, 0, 1, 12), app: 'one\u001b[2J' }));
    await journal.append(auditEntry({ at: Date.UTC(2026, 0, 2, 12), people: ['9990000026'] }));
    await journal.close();
    renameSync(folder.heads, join(folder.root, 'audit-heads'));
  });
  after(() => {
    folder.remove();
  });

  it('works on the folder that the variable of the server names, unless another is given', () => {
    const named = { DATA_DIR: folder.root };
    assert.match(runWith(named, 'verify').out, /all 2 entries are good, signed to entry 2/);
    assert.match(runWith(named, 'verify', '--data-dir', folder.dir).out, /There is no audit here/);
    const heads = { ...named, AUDIT_HEADS_DIR: folder.dir };
    assert.match(runWith(heads, 'verify').out, /signed to entry 0/);
  });

  it('verifies with a plain sentence and exit code 0, and 1 when an entry was changed', () => {
    const good = run('verify', '--data-dir', folder.root);
    assert.deepEqual([good.status, good.error], [0, '']);
    assert.match(
      good.out,
      /Chain main: all 2 entries are good, signed to entry 2\.\nThe audit is good\./,
    );

    const path = join(folder.dir, 'main', '00000001.audit');
    const bytes = readFileSync(path);
    const changed = Buffer.from(
      bytes.toString('latin1').replace('9990000026', '9990000034'),
      'latin1',
    );
    writeFileSync(path, changed);
    const bad = run('verify', '--data-dir', folder.root);
    writeFileSync(path, bytes);
    assert.equal(bad.status, 1);
    assert.match(
      bad.out,
      /Chain main: good to entry 1\. First bad: Entry 2 has been changed .*00000001\.audit, byte \d+/,
    );
    assert.match(bad.out, /The audit is NOT good/);
  });

  it('finds entries by person and day, as table and JSON lines', () => {
    const table = run('search', '--data-dir', folder.root, '--to', '2026-01-01');
    assert.equal(table.status, 0, table.error);
    const [head, row, ...rest] = table.out.trimEnd().split('\n');
    assert.match(head ?? '', /^time +kind +action/);
    assert.match(row ?? '', /^2026-01-01T12:00:00\.000Z access/);
    assert.equal(rest.length, 0);
    assert.equal(
      table.out.includes('\u001b'),
      false,
      'what callers sent does not steer the terminal',
    );
    const json = run(
      'search',
      '--data-dir',
      folder.root,
      '--patient',
      '9990000026',
      '--format',
      'json',
    );
    assert.equal((JSON.parse(json.out) as { seq: number }).seq, 2);
  });

  it('exports AuditEvents to a new file and overwrites none', () => {
    const out = join(folder.root, 'events.ndjson');
    const first = run('export', '--data-dir', folder.root, '--out', out);
    assert.equal(first.status, 0, first.error);
    const events = readFileSync(out, 'utf8').trimEnd().split('\n');
    assert.equal(
      (JSON.parse(events[1] ?? '') as { resourceType: string }).resourceType,
      'AuditEvent',
    );
    const second = run('export', '--data-dir', folder.root, '--out', out);
    assert.notEqual(second.status, 0);
    assert.match(second.error, /EEXIST/);
  });

  it('refuses a time that is none, and says when there is no audit', () => {
    const wrong = run('search', '--from', 'yesterday');
    assert.equal(wrong.status, 1);
    assert.match(wrong.error, /Give a date such as/);
    const empty = join(folder.root, 'empty');
    mkdirSync(empty);
    assert.match(run('verify', '--data-dir', empty).out, /There is no audit here/);
  });
});
