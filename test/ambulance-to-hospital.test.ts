/** An ambulance service tells a hospital of a patient on the way: the script of the walk-through over real sockets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, openGuideShell, type GuideShell } from './guide-shell.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('an ambulance service and a hospital', function () {
  this.timeout(180_000);
  let platform: TestPlatform;
  let shell: GuideShell;
  let folder: string;

  before(async function () {
    if (process.platform === 'win32') this.skip(); // the script is written for bash
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-ambulance-'));
    platform = await startTestPlatform();
    shell = await openGuideShell(folder, {
      GATEHOUSE: platform.url,
      MUTUAL_TLS: `https://localhost:${platform.tls?.test ?? 0}`,
      DATA_DIR: platform.dataDir,
    });
  });
  after(async () => {
    await shell.end();
    await platform.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('R170 exchange a FHIR message by directory, certificates and token, and a repeat is known', async () => {
    const script = join(root, 'scripts', 'walk-through', 'ambulance-to-hospital.sh');
    const step = {
      line: 1,
      commands: `bash '${script}' '${folder}/walk'`,
      expected: [
        'Ambulance  finds R9A: ASID 93…, party key R9A-…, https://127.0.0.1:',
        'Hospital   takes MessageHeader, Patient, Encounter, Observation',
        'Ambulance  is answered in reply to its message: ok',
        'Hospital   knows this message and answers as before',
        'Ambulance  sends it again and has the same answer',
        'Ambulance  sends to R9E, which takes no such messages: 404',
        'The hospital knows',
      ],
    };
    const [output = ''] = await shell.run([step]);
    assert.deepEqual(missing(step, output), [], output);
    assert.equal(platform.logged().includes('9000000009'), false);
  });
});
