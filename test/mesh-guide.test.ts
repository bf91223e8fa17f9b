/** docs/guides/mesh.md, command by command. */
import assert from 'node:assert/strict';
import { runGuide, startGuideGround, whyNoShell, type GuideGround } from './guide-ground.ts';

describe('the guide to MESH', function () {
  this.timeout(180_000);
  let ground: GuideGround | undefined;
  const why = whyNoShell();

  before(async () => {
    ground = await startGuideGround();
  });
  after(() => ground?.end());

  it(`works as it tells${why === undefined ? '' : ` (${why})`}`, async function () {
    if (!ground?.shell) return this.skip();
    const { steps, wrong } = await runGuide(ground.shell, 'mesh.md');
    assert.ok(steps >= 10, `${steps} steps`);
    assert.deepEqual(wrong, []);
  });
});
