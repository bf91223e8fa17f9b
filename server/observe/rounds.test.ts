import assert from 'node:assert/strict';
import { startRounds } from './rounds.ts';

describe('rounds', () => {
  it('take one turn at a time, go on after one that failed, and let the last one end', async () => {
    let [running, most, turns] = [0, 0, 0];
    let enough: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (enough = resolve));
    const rounds = startRounds([
      [
        2,
        async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 7));
          running--;
          if (++turns === 3) enough();
          throw new Error('failed');
        },
      ],
    ]);
    const held = setInterval(() => undefined, 1000); // the rounds alone keep no process alive
    await done;
    await rounds.stop();
    clearInterval(held);
    assert.equal(most, 1);
    assert.equal(running, 0);
  });
});
