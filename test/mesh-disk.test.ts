/** Bodies of messages on disk: when there is no room, in backups, and when one is missing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { meshKeys } from '../server/mesh-keys.ts';
import { seedMailboxes } from '../server/mesh-seed.ts';
import { bodyCheck } from '../server/mesh-check.ts';
import { backupFolder, restoreFolder } from '../server/store/backup.ts';
import { fileBlobs } from '../server/store/blobs.ts';
import { checkStore } from '../server/store/check.ts';
import { meshCaller, v2 } from './mesh-ground.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

const flow = 'RESTRICTED_WORKFLOW';

function mount(megabytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'));
  const size = `size=${megabytes}m`;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'gatehouse', folder], { stdio: 'pipe' });
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

describe('a disk that is full of messages', () => {
  before(function () {
    try {
      unmount(mount(1));
    } catch {
      process.stderr.write('      skipped: a disk of its own takes root and tmpfs\n');
      this.skip();
    }
  });

  it('refuses messages with 503 before their token is used, and takes them when there is room', async function () {
    this.timeout(60_000);
    const disk = mount(250); // less than MESH leaves free
    const dataDir = join(disk, 'data');
    const platform = await startTestPlatform({ dataDir, withoutDefaults: true });
    try {
      await seedMailboxes(platform.store, join(root, 'fixtures'), meshKeys(dataDir));
      const alice = meshCaller(platform.url, 'ALICE');
      const token = alice.token();
      const send = (sent: string) =>
        alice.call('/ALICE/outbox', {
          ...{ method: 'POST', token: sent, body: 'x' },
          headers: { 'mex-to': 'BOB', 'mex-workflowid': flow, ...v2 },
        });
      for (let n = 0; n < 2; n++) {
        const refused = await send(token);
        assert.equal(refused.status, 503);
        assert.equal(refused.headers.get('retry-after'), '60');
        assert.match(refused.json.detail[0].msg, /no room/);
      }
      const bob = meshCaller(platform.url, 'BOB');
      assert.deepEqual((await bob.inbox()).json.messages, [], 'what is there may be read');
      execFileSync('mount', ['-o', 'remount,size=900m', disk], { stdio: 'pipe' });
      const taken = await send(token);
      assert.equal(taken.status, 202, taken.text);
      assert.deepEqual((await bob.inbox()).json.messages, [taken.json.message_id]);
    } finally {
      await platform.end();
      unmount(disk);
    }
  });

  it('refuses a body that does not fit, and keeps nothing of it', async () => {
    const disk = mount(4);
    try {
      const blobs = fileBlobs(join(disk, 'blobs'));
      const kept = await blobs.put([Buffer.alloc(100_000)] as unknown as AsyncIterable<Buffer>);
      async function* large() {
        for (let n = 0; n < 80; n++) yield Promise.resolve(Buffer.alloc(100_000));
      }
      await assert.rejects(blobs.put(large()), { kind: 'unavailable' });
      assert.deepEqual(readdirSync(join(disk, 'blobs', 'coming')), []);
      const bytes = (await blobs.read(kept.id)).iterator() as AsyncIterator<Buffer>;
      assert.ok((await bytes.next()).value.length > 0);
      await bytes.return?.();
    } finally {
      unmount(disk);
    }
  });
});

describe('bodies of messages in a backup', () => {
  let platform: TestPlatform;
  let folder: string;

  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform();
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-backup-'));
  });
  after(async () => {
    await platform.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are all there that the store names, while messages come; what is missing is named', async function () {
    this.timeout(60_000);
    const alice = meshCaller(platform.url, 'ALICE');
    const bytes = new Uint8Array(randomBytes(60_000));
    const send = () => alice.send('BOB', flow, bytes);
    const { messageID: id } = (await send()).json;
    const [blob = ''] = readdirSync(join(platform.dataDir, 'blobs'), { recursive: true })
      .map((name) => join('blobs', String(name)))
      .filter((name) => statSync(join(platform.dataDir, name)).isFile());
    writeFileSync(join(platform.dataDir, 'blobs', 'coming', 'half'), 'of a body');
    const done = new AbortController();
    const sending = (async () => {
      while (!done.signal.aborted) assert.equal((await send()).status, 202);
    })();
    const copy = join(folder, 'copy');
    const { files } = await backupFolder(platform.dataDir, copy, 0);
    done.abort();
    await sending;
    assert.ok(files.some(({ path }) => path.startsWith('blobs/')));
    assert.equal(
      files.some(({ path }) => path.includes('coming')),
      false,
    );
    const back = join(folder, 'back');
    await restoreFolder(copy, back, false);
    const check = () => checkStore(join(back, 'store.db'), undefined, bodyCheck(back)).faults;
    assert.deepEqual(check(), []);

    const again = await startTestPlatform({ dataDir: back });
    const bob = meshCaller(again.url, 'BOB');
    assert.deepEqual((await bob.fetch(id)).bytes, Buffer.from(bytes));
    rmSync(join(back, blob));
    assert.equal((await bob.fetch(id)).status, 404);
    await again.stop();
    assert.equal(check().length, 1);
    assert.match(check()[0] ?? '', new RegExp(`^Message ${id} of MESH in sandbox: .* chunk 1`));
    writeFileSync(join(back, blob), bytes);
    truncateSync(join(back, blob), 100);
    assert.equal(check().length, 1);
  });
});
