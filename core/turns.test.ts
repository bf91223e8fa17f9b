import assert from 'node:assert/strict';
import { Problem } from './problem.ts';
import { turns } from './turns.ts';

describe('dear work in turn', () => {
  it('runs so many at once, lets the rest wait, and refuses who comes when too many wait', async () => {
    const inTurn = turns({
      most: 2,
      mostWaiting: 2,
      refusal: () => new Problem('throttled', 'full'),
    });
    let running = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const work = () =>
      inTurn(async () => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => ends.push(resolve));
        running--;
      });
    const four = [work(), work(), work(), work()];
    await assert.rejects(work(), /full/);
    assert.equal(ends.length, 2);
    for (let n = 0; n < 4; n++) {
      ends.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(four);
    assert.equal(most, 2);
    await assert.rejects(
      inTurn(() => Promise.reject(new Error('failed'))),
      /failed/,
    );
    assert.equal(await inTurn(() => Promise.resolve(1)), 1, 'a failure gives its turn back');
  });
});
