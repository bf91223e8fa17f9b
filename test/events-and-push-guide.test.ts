/** docs/guides/events-and-push.md, command by command. */
import assert from 'node:assert/strict';
import { runGuide, startGuideGround, whyNoShell, type GuideGround } from './guide-ground.ts';

describe('the guide to pushes', function () {
  this.timeout(120_000);
  let ground: GuideGround;
  const why = whyNoShell();

  before(async () => {
    ground = await startGuideGround();
  });
  after(() => ground.end());

  it(`works as it tells${why === undefined ? '' : ` (${why})`}`, async function () {
    if (!ground.shell) this.skip();
    const { steps, wrong } = await runGuide(ground.shell, 'events-and-push.md');
    assert.ok(steps >= 5, `${steps} steps`);
    assert.deepEqual(wrong, []);
  });
});
