import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyAudit } from '../server/audit/verify.ts';
import { call, startTestPlatform, type Answer, type TestPlatform } from './start-platform.ts';

const path = '/Patient/9000000009';
/** Room for the default data, the audit's segment and the next. */
const megabytes = 256;

/** A disk of its own, in memory. Throws when this machine or user may not mount one. */
function mountDisk(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'gatehouse', folder], {
      stdio: 'pipe',
    });
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  return folder;
}

function unmount(folder: string): void {
  execFileSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true, force: true });
}

/** Leaves no byte free. */
function fill(folder: string): void {
  const file = openSync(join(folder, 'filler'), 'a');
  try {
    for (const size of [1024 * 1024, 4096, 1]) writeUntilFull(file, Buffer.alloc(size));
  } finally {
    closeSync(file);
  }
}

function writeUntilFull(file: number, piece: Buffer): void {
  for (;;) {
    try {
      if (writeSync(file, piece) < piece.length) return;
    } catch {
      return;
    }
  }
}

const free = (folder: string) => {
  rmSync(join(folder, 'filler'), { force: true });
};

describe('a full disk', function () {
  this.timeout(60_000);
  let disk: string;
  let platform: TestPlatform;

  before(function () {
    try {
      execFileSync('fallocate', ['--version'], { stdio: 'pipe' });
      unmount(mountDisk());
    } catch {
      process.stderr.write('      skipped: a disk of its own takes root, tmpfs and util-linux\n');
      this.skip();
    }
  });
  beforeEach(async () => {
    disk = mountDisk();
    platform = await startTestPlatform({ dataDir: join(disk, 'data') });
  });
  afterEach(async () => {
    free(disk);
    await platform.end();
    unmount(disk);
  });

  /** Each version says something else than the one before. */
  const update = (version: string) =>
    platform.call(path, {
      method: 'PATCH',
      headers: { 'if-match': version },
      body: {
        patches: [
          { op: 'replace', path: '/gender', value: /[02468]"$/.test(version) ? 'male' : 'female' },
        ],
      },
    });
  const read = () => platform.call(path);
  const version = async () => (await read()).headers.get('etag') ?? '';
  const refused = (answer: Answer) => {
    assert.equal(answer.status, 503, answer.text);
    assert.equal(answer.json.resourceType, 'OperationOutcome');
    assert.equal(answer.json.issue.length, 1);
    assert.doesNotMatch(answer.text, /Smith|9000000009/);
  };
  /** Asks until the answer is this one; the server looks at its disk every few seconds. */
  const until = async (status: number, ask: () => Promise<Answer>) => {
    for (let tries = 0; tries < 100; tries++) {
      const answer = await ask();
      if (answer.status === status) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return assert.fail(`never ${status}`);
  };
  const checkAudit = async () => {
    const report = await verifyAudit({
      dir: join(platform.dataDir, 'audit'),
      heads: join(platform.dataDir, 'audit-heads'),
      key: readFileSync(join(platform.dataDir, 'keys', 'audit.pem'), 'utf8'),
    });
    assert.ok(report.good, JSON.stringify(report));
  };

  it('refuses writes with 503 while reads go on, and takes them again when there is room', async () => {
    assert.equal((await update(await version())).status, 200);
    fill(disk);
    // What the store's log has room for still gets through, and is true.
    let last = await version();
    for (let answer = await update(last); answer.status !== 503; answer = await update(last)) {
      assert.equal(answer.status, 200, answer.text);
      last = answer.headers.get('etag') ?? '';
    }
    refused(await update(last));
    refused(await call(`${platform.url}/_sandbox/workspaces`, { method: 'POST', body: {} }));
    const list = await call(`${platform.url}/_sandbox/workspaces`);
    assert.deepEqual(
      list.json.workspaces.map(({ id }: { id: string }) => id),
      ['shared'],
      'what was refused is not there',
    );
    for (let i = 0; i < 20; i++) assert.equal((await read()).status, 200);
    const found = await platform.call('/Patient?family=Smith&birthdate=eq2010-10-22&given=Jane');
    assert.equal(found.status, 200);
    assert.equal(await version(), last, 'nothing half done');

    free(disk);
    await until(200, () => update(last));
    await checkAudit();
  });

  it('lets no answer out that the audit cannot hold, and serves again when it can', async () => {
    const before = await version();
    const chain = join(platform.dataDir, 'audit', 'main');
    for (const name of readdirSync(chain)) punch(join(chain, name));
    fill(disk);
    refused(await until(503, read));
    refused(await read());
    refused(await update(before));
    refused(await platform.call('/Patient?family=Smith&birthdate=eq2010-10-22'));
    refused(await platform.call('/Patient/9000000000'));
    refused(await call(`${platform.url}/_sandbox/workspaces`, { method: 'POST', body: {} }));
    const health = await platform.call('/_status');
    assert.equal(health.json.status, 'fail');

    free(disk);
    const after = await until(200, read);
    assert.equal(after.headers.get('etag'), before, 'a refused update was not carried out');
    assert.equal((await update(before)).status, 200);
    assert.equal((await platform.call('/_status')).json.status, 'pass');
    await checkAudit();
  });
});

/** Gives the blocks back that were set aside behind the entries, as a disk without that promise would never have given them. */
function punch(file: string): void {
  const used = readFileSync(file).findLastIndex((byte) => byte !== 0) + 1;
  const from = Math.ceil(used / 4096) * 4096;
  execFileSync('fallocate', ['--punch-hole', '-o', String(from), '-l', '1GiB', file]);
}
