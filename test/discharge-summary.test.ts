/** A discharge summary over MESH to the patient's practice: the script of the walk-through over real sockets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, openGuideShell, type GuideShell } from './guide-shell.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('a hospital and the practice of its patient', function () {
  this.timeout(180_000);
  let platform: TestPlatform | undefined;
  let shell: GuideShell | undefined;
  let folder = '';

  before(async function () {
    if (process.platform === 'win32') this.skip(); // the script is written for bash
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-discharge-'));
    platform = await startTestPlatform();
    shell = await openGuideShell(folder, { GATEHOUSE: platform.url, DATA_DIR: platform.dataDir });
  });
  after(async () => {
    await shell?.end();
    await platform?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('R165 exchange a discharge summary, its acknowledgement, a later answer, and a report', async () => {
    const script = join(root, 'scripts', 'walk-through', 'discharge-summary.sh');
    const step = {
      line: 1,
      commands: `bash '${script}' '${folder}/walk'`,
      expected: [
        'Hospital   has the mailbox R9A',
        "Hospital   sends a discharge summary to the patient's practice: received as 20…, not yet processed",
        'Hospital   is told where it waits: …GP001 of ',
        'Practice   fetches it from R9A…, and its digest is that of the sender',
        'Practice   acknowledges: stored safely; it has left the inbox, and the hospital sees that',
        'Hospital   knows by local id and document which summary this answers: ok',
        'Hospital   has a REPORT on it: EPL-154, NHS Number supplied does not match the demographics',
      ],
    };
    const [output = ''] = (await shell?.run([step])) ?? [];
    assert.deepEqual(missing(step, output), [], output);
    const logged = platform?.logged() ?? '';
    for (const text of ['9000000009', 'Jones', 'Smith']) assert.equal(logged.includes(text), false);
  });
});
