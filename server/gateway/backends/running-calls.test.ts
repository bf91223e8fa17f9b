import assert from 'node:assert/strict';
import { createRunningCalls } from './running-calls.ts';

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** Holds the process up, as a long computation does. */
const block = (milliseconds: number) => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

describe('calls that run', () => {
  it('are looked at again and again until they are taken out', async () => {
    const running = createRunningCalls(100);
    let looks = 0;
    const call = { look: () => looks++ };
    running.add(call);
    assert.equal(running.size, 1);
    await wait(60);
    assert.ok(looks >= 2, `${looks} looks`);
    running.remove(call);
    const then = looks;
    await wait(20);
    assert.equal(looks, then);
    running.add(call);
    await wait(60);
    assert.ok(looks > then, 'once more after a pause');
    running.remove(call);
  });

  it('are told of the moment of the next look, so that none ends late', async () => {
    const running = createRunningCalls(1000);
    const began = performance.now();
    const soon = await new Promise<number>((resolve) => {
      running.add({ look: resolve });
    });
    assert.ok(soon - began >= 100 - 1, `${soon - began} ms`);
  });

  it('are not late because this process was held up, unless it is so for ever', async () => {
    const running = createRunningCalls(100);
    const looked: number[] = [];
    running.add({ look: () => looked.push(performance.now()) });
    block(80);
    const released = performance.now();
    await wait(0);
    assert.deepEqual(looked, []);
    await wait(60);
    assert.ok(Number(looked[0]) > released);
    const before = looked.length;
    for (let i = 0; i < 6; i++) {
      block(40);
      await wait(0);
    }
    assert.ok(looked.length > before, 'each second look is taken');
  });
});
