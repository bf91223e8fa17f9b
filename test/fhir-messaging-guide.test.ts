/** docs/guides/fhir-messaging.md, command by command; and the OpenAPI document, as strictly as for the public. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openClient } from '../scripts/gatehouse/client.ts';
import { runGuide, startGuideGround, whyNoShell, type GuideGround } from './guide-ground.ts';
import { root } from './start-platform.ts';

describe('the guide to FHIR messaging', function () {
  this.timeout(180_000);
  let ground: GuideGround | undefined;
  const why = whyNoShell();

  before(async () => {
    ground = await startGuideGround();
  });
  after(() => ground?.end());

  it(`works as it tells${why === undefined ? '' : ` (${why})`}`, async function () {
    if (!ground?.shell) return this.skip();
    const { steps, wrong } = await runGuide(ground.shell, 'fhir-messaging.md');
    assert.ok(steps >= 4, `${steps} steps`);
    assert.deepEqual(wrong, []);
  });

  it('stands beside a document that may be published', async function () {
    if (!ground) return this.skip();
    const { dataDir, url } = ground.platform;
    const client = openClient({ dataDir, url });
    const file = join(root, 'spine', 'fhir-messaging', 'openapi.json');
    const document = { text: readFileSync(file, 'utf8'), type: 'application/json' };
    const path = '/apis/fhir-messaging/specification?publish=true';
    const put = await client.call('PUT', path, { document });
    assert.deepEqual(put.body.warnings ?? [], []);
  });
});
