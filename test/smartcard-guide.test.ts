/** docs/guides/user-context.md, command by command. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, openGuideShell, stepsOf, type GuideShell } from './guide-shell.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

/** Why the guide cannot be run here; under CI it must be. */
function whyNoShell(): string | undefined {
  if (process.platform === 'win32') return 'the guide is written for bash';
  if (spawnSync('curl', ['--version']).status === 0) return undefined;
  // eslint-disable-next-line no-restricted-syntax -- CI has all that tests need, and must use it
  if (process.env.CI === 'true') throw new Error('CI needs curl');
  return 'curl is not installed';
}

describe('the guide to user context', function () {
  this.timeout(180_000);
  let platform: TestPlatform;
  let shell: GuideShell | undefined;
  let folder: string;
  const why = whyNoShell();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-user-context-'));
    platform = await startTestPlatform();
    if (why === undefined)
      shell = await openGuideShell(folder, {
        GATEHOUSE: platform.url,
        DATA_DIR: platform.dataDir,
      });
  });
  after(async () => {
    await shell?.end();
    await platform.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`works as it tells, from the card to the tokens${why === undefined ? '' : ` (${why})`}`, async function () {
    if (!shell) this.skip();
    const guide = readFileSync(join(root, 'docs', 'guides', 'user-context.md'), 'utf8');
    const steps = stepsOf(guide);
    assert.ok(steps.length > 8, `${steps.length} steps`);
    const outputs = await shell.run(steps);
    const wrong = steps.flatMap((step, i) => {
      const output = outputs[i] ?? 'nothing: an earlier step ended the shell';
      const lacking = missing(step, output);
      return lacking.length > 0 ? [{ line: step.line, lacking, output }] : [];
    });
    assert.deepEqual(wrong, []);
  });
});
