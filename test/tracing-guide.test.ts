/** docs/guides/tracing.md, command by command. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGuide, whyNoShell } from './guide-ground.ts';
import { openGuideShell, type GuideShell } from './guide-shell.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('the guide to tracing', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let shell: GuideShell | undefined;
  let folder: string;
  const why = whyNoShell();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-guide-'));
    platform = await startTestPlatform();
    if (why !== undefined) return;
    shell = await openGuideShell(folder, {
      GATEHOUSE: platform.url,
      DATA_DIR: platform.dataDir,
      EXAMPLES: join(root, 'fixtures', 'messages', 'soap'),
    });
  });
  after(async () => {
    await shell?.end();
    await platform.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`works as it tells${why === undefined ? '' : ` (${why})`}`, async function () {
    if (!shell) this.skip();
    const { steps, wrong } = await runGuide(shell, 'tracing.md');
    assert.ok(steps >= 2, `${steps} steps`);
    assert.deepEqual(wrong, []);
  });
});
