/** The commands on the pages that explain, page by page in one bash, over one platform. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readContent } from '../server/portal/content.ts';
import { whyNoShell } from './guide-ground.ts';
import { missing, openGuideShell, stepsOf } from './guide-shell.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('the commands on pages of the hub', function () {
  this.timeout(180_000);
  let platform: TestPlatform;
  let folder: string;
  const why = whyNoShell();
  // Those below docs/guides have tests of their own.
  const pages = readContent(root).pages.filter(({ source }) => source.startsWith('docs/hub/'));

  const patterns = 'open api-key signed-jwt healthcare-worker patient mutual-tls smart'.split(' ');

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-pages-'));
    platform = await startTestPlatform();
  });
  after(async () => {
    await platform.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`R090 work as they tell, on a page for each security pattern among others${why === undefined ? '' : ` (${why})`}`, async function () {
    if (why !== undefined) this.skip();
    const shell = await openGuideShell(folder, {
      GATEHOUSE: platform.url,
      MUTUAL_TLS: `https://localhost:${platform.tls?.test ?? 0}`,
      DATA_DIR: platform.dataDir,
      EXAMPLES: join(root, 'fixtures', 'messages', 'soap'),
    });
    try {
      const steps = pages.flatMap(({ source }) =>
        stepsOf(readFileSync(join(root, source), 'utf8')).map((step) => ({ ...step, source })),
      );
      const outputs = await shell.run(steps);
      const wrong = steps.flatMap((step, at) => {
        const output = outputs[at] ?? 'nothing: an earlier step ended the shell';
        const lacking = missing(step, output);
        return lacking.length > 0
          ? [{ source: step.source, line: step.line, lacking, output }]
          : [];
      });
      assert.ok(steps.length > 80, `${steps.length} steps`);
      for (const name of patterns)
        assert.ok(
          steps.filter(({ source }) => source === `docs/hub/security/${name}.md`).length >= 4,
          `${name} has commands`,
        );
      assert.deepEqual(wrong, []);
    } finally {
      await shell.end();
    }
  });
});
