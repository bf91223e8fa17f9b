/** docs/guides/spine-messaging.md, command by command. */
import assert from 'node:assert/strict';
import { runGuide, startGuideGround, whyNoShell, type GuideGround } from './guide-ground.ts';

describe('the guide to Spine messaging', function () {
  this.timeout(180_000);
  let ground: GuideGround;
  const why = whyNoShell();

  before(async () => {
    ground = await startGuideGround();
  });
  after(() => ground.end());

  it(`R164 works as it tells, from a first question to what waits${why === undefined ? '' : ` (${why})`}`, async function () {
    if (!ground.shell) this.skip();
    const { steps, wrong } = await runGuide(ground.shell, 'spine-messaging.md');
    assert.ok(steps > 12, `${steps} steps`);
    assert.deepEqual(wrong, []);
  });
});
