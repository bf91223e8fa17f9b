import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServerProcess } from './server-process.ts';

describe('starting and stopping the server', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-start-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('R003 loads the default data once, says what runs where, and its calls work when pasted', async () => {
    const first = startServerProcess({ PORT: '0', DATA_DIR: folder });
    const url = await first.ready;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.match(first.said(), /Loaded \d+ patients/);
    const lines = first.said().split('\n');
    const calls = lines.filter((line) => line.trim().startsWith('curl '));
    assert.equal(calls.length, 4);
    // The last one is with a token, which the command above it gets: token.test.ts runs the two.
    for (const line of calls.slice(0, 3)) {
      const answer = JSON.parse(execFileSync('sh', ['-c', `${line.trim()} -s`]).toString());
      assert.ok(['Patient', 'Bundle'].includes(answer.resourceType), line);
    }
    first.child.kill('SIGTERM');
    assert.equal(await first.exit, 0);

    const second = startServerProcess({ PORT: '0', DATA_DIR: folder });
    const again = await second.ready;
    assert.doesNotMatch(second.said(), /Loaded/);
    const kept = await fetch(`${again}/personal-demographics/FHIR/R4/Patient/9000000009`, {
      headers: { 'x-request-id': crypto.randomUUID() },
    });
    assert.equal(kept.headers.get('etag'), 'W/"3"', 'the update of the pasted call is still there');
    second.child.kill('SIGTERM');
    await second.exit;
    assert.notEqual(url, '');
  });

  it('names a wrong variable, what it got and what it wants', async () => {
    const server = startServerProcess({ PORT: 'nine', DATA_DIR: folder });
    assert.equal(await server.exit, 1);
    assert.match(server.said(), /PORT is "nine" but must be a whole number/);
  });

  it('says that the port is taken', async () => {
    const other = createServer().listen(0);
    const { port } = other.address() as AddressInfo;
    const server = startServerProcess({ PORT: String(port), DATA_DIR: folder });
    assert.equal(await server.exit, 1);
    assert.match(server.said(), new RegExp(`PORT ${port} is taken`));
    other.close();
  });

  it('says that the data folder is in use by another process', async () => {
    const first = startServerProcess({ PORT: '0', DATA_DIR: folder });
    await first.ready;
    const second = startServerProcess({ PORT: '0', DATA_DIR: folder });
    assert.equal(await second.exit, 1);
    assert.match(second.said(), /in use by another process/);
    first.child.kill('SIGKILL');
    await first.exit;
    const third = startServerProcess({ PORT: '0', DATA_DIR: folder });
    await third.ready;
    third.child.kill('SIGTERM');
    assert.equal(await third.exit, 0, 'a killed process leaves no lock behind');
  });

  it('says that the data folder cannot be written', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const server = startServerProcess({ PORT: '0', DATA_DIR: join(file, 'var') });
    assert.equal(await server.exit, 1);
    assert.match(server.said(), /DATA_DIR is ".*" but cannot be made or written/);
  });

  it('finishes the calls that run when it is told to stop', async () => {
    const server = startServerProcess({ PORT: '0', DATA_DIR: folder });
    const url = await server.ready;
    const running = fetch(`${url}/personal-demographics/FHIR/R4/Patient/9000000009`, {
      method: 'PATCH',
      headers: {
        'x-request-id': crypto.randomUUID(),
        'x-gatehouse-scenario': 'slow-p50',
        'content-type': 'application/json-patch+json',
        'if-match': 'W/"2"',
      },
      body: JSON.stringify({ patches: [{ op: 'replace', path: '/gender', value: 'male' }] }),
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const asked = Date.now();
    server.child.kill('SIGTERM');
    assert.equal((await running).status, 200);
    assert.equal(await server.exit, 0);
    assert.ok(Date.now() - asked < 10_000);
  });
});
