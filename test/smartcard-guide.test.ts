/** docs/guides/user-context.md, command by command. */
import assert from 'node:assert/strict';
import { runGuide, startGuideGround, whyNoShell, type GuideGround } from './guide-ground.ts';

describe('the guide to user context', function () {
  this.timeout(180_000);
  let ground: GuideGround;
  const why = whyNoShell();

  before(async () => {
    ground = await startGuideGround();
  });
  after(() => ground.end());

  it(`works as it tells, from the card to the tokens${why === undefined ? '' : ` (${why})`}`, async function () {
    if (!ground.shell) this.skip();
    const { steps, wrong } = await runGuide(ground.shell, 'user-context.md');
    assert.ok(steps > 8, `${steps} steps`);
    assert.deepEqual(wrong, []);
  });
});
