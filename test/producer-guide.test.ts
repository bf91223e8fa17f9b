/** docs/guides/producer.md, command by command: what it tells a producer to do works, and prints what it says. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGuide } from './guide-ground.ts';
import { openGuideShell, type GuideShell } from './guide-shell.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('the guide for producers', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let target: Server;
  let shell: GuideShell | undefined;
  let folder: string;

  before(async function () {
    if (process.platform === 'win32') this.skip(); // the guide is written for bash
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-guide-'));
    target = createServer((request, response) => {
      const body = { id: '17', state: 'ready', key: request.headers['x-backend-key'] };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    await once(target, 'listening');
    const { port } = target.address() as AddressInfo; // it listens on a port
    platform = await startTestPlatform({ withoutDefaults: true });
    shell = await openGuideShell(folder, {
      GATEHOUSE: platform.url,
      TARGET: `http://127.0.0.1:${port}`,
      DATA_DIR: platform.dataDir,
    });
  });
  after(async () => {
    await shell?.end();
    await platform.end();
    target.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('R117 R128 takes a new API from its document to its end, within five minutes', async () => {
    const began = Date.now();
    assert.ok(shell);
    const { steps, wrong } = await runGuide(shell, 'producer.md');
    assert.ok(steps > 25, `${steps} steps`);
    assert.deepEqual(wrong, []);
    assert.ok(Date.now() - began < 5 * 60_000);
  });
});
