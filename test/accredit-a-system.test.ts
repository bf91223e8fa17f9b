/** The route of an accredited system over real sockets: the guide command by command, and the walk-through in one go. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGuide } from './guide-ground.ts';
import { missing, openGuideShell, type GuideShell } from './guide-shell.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

/** A program that the guide uses and this machine lacks; the pipeline has them all. */
function lacking(): string | undefined {
  // eslint-disable-next-line no-restricted-syntax -- says where the tests run
  if (process.env.CI === 'true') return undefined;
  return ['curl', 'openssl', 'awk'].find(
    (name) => spawnSync('which', [name], { stdio: 'ignore' }).status !== 0,
  );
}

describe('an accredited system', function () {
  this.timeout(120_000);
  let platform: TestPlatform | undefined;
  let shell: GuideShell | undefined;
  let folder: string;

  before(async function () {
    if (process.platform === 'win32') this.skip(); // the guide is written for bash
    const program = lacking();
    if (program !== undefined) {
      console.log(`      ${program} is not installed`);
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-accredited-'));
    platform = await startTestPlatform({
      environment: { TLS_PORT: '0', TLS_PORT_PRODUCTION: '0' },
    });
    shell = await openGuideShell(folder, {
      GATEHOUSE: platform.url,
      MUTUAL_TLS: `https://localhost:${platform.tls?.test ?? 0}`,
      DATA_DIR: platform.dataDir,
    });
  });
  after(async () => {
    await shell?.end();
    await platform?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('R148 R149 R150 R151 is brought to life as the guide says, command by command', async () => {
    assert.ok(shell);
    const { steps, wrong } = await runGuide(shell, 'accredited-system.md');
    assert.ok(steps > 25, `${steps} steps`);
    assert.deepEqual(wrong, []);
  });

  it('R150 R151 goes the whole way from an app to its first call in less than a minute', async () => {
    const began = Date.now();
    const script = join(root, 'scripts', 'walk-through', 'accredited-system.sh');
    const step = {
      line: 1,
      commands: `mkdir walk\nODS=Y90004 bash '${script}' walk`,
      expected: [
        'ASID 93…, party key Y90004-…, FQDN y90004-….y90004.int.thirdparty.gatehouse.test',
        'live',
        'Patient/9000000009 was read by',
      ],
    };
    const [output = ''] = (await shell?.run([step])) ?? [];
    assert.deepEqual(missing(step, output), [], output);
    assert.ok(Date.now() - began < 60_000);
  });
});
