import assert from 'node:assert/strict';
import { createBreaker } from './breaker.ts';

function ground() {
  let now = 1_000_000;
  const changes: string[] = [];
  const breaker = createBreaker({ now: () => now, newId: () => '' }, (to) => changes.push(to));
  const times = (n: number, fn: () => void) => {
    for (let i = 0; i < n; i++) {
      breaker.enter();
      fn();
    }
  };
  const wait = (milliseconds: number) => {
    now += milliseconds;
  };
  return { breaker, changes, times, wait };
}

describe('the circuit of a back end', () => {
  it('opens at the tenth failure in a row, and says how long to wait', () => {
    const { breaker, times } = ground();
    times(9, breaker.failed);
    assert.equal(breaker.enter(), 0);
    breaker.failed();
    assert.equal(breaker.circuit, 'open');
    assert.equal(breaker.enter(), 1000);
  });

  it('stays closed while successes come between, if they are more than the failures', () => {
    const { breaker, times } = ground();
    for (let i = 0; i < 50; i++) {
      times(2, breaker.succeeded);
      times(1, breaker.failed);
    }
    assert.equal(breaker.circuit, 'closed');
  });

  it('opens when half of twenty calls failed, however they are mixed', () => {
    const { breaker, times } = ground();
    for (let i = 0; i < 10; i++) {
      times(1, breaker.succeeded);
      times(1, breaker.failed);
    }
    assert.equal(breaker.circuit, 'open');
  });

  it('forgets failures of another time', () => {
    const { breaker, times, wait } = ground();
    for (let i = 0; i < 30; i++) {
      times(1, breaker.failed);
      times(1, breaker.succeeded);
      wait(2000);
    }
    assert.equal(breaker.circuit, 'closed');
  });

  it('lets one call try when the pause is over, and closes when that succeeds', () => {
    const { breaker, changes, times, wait } = ground();
    times(10, breaker.failed);
    wait(1000);
    assert.equal(breaker.enter(), 0);
    assert.equal(breaker.circuit, 'half-open');
    assert.equal(breaker.enter(), 1000, 'a second call waits');
    breaker.succeeded();
    assert.equal(breaker.enter(), 0);
    assert.deepEqual(changes, ['open', 'half-open', 'closed']);
  });

  it('pauses twice as long after each failed trial, up to half a minute', () => {
    const { breaker, times, wait } = ground();
    times(10, breaker.failed);
    const pauses = [];
    for (let i = 0; i < 7; i++) {
      pauses.push(breaker.enter());
      wait(breaker.enter());
      assert.equal(breaker.enter(), 0);
      breaker.failed();
    }
    assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    wait(30_000);
    breaker.enter();
    breaker.succeeded();
    times(10, breaker.failed);
    assert.equal(breaker.enter(), 1000, 'once closed it begins again');
  });

  it('lets the next call try when the trial told nothing', () => {
    const { breaker, times, wait } = ground();
    times(10, breaker.failed);
    wait(1000);
    breaker.enter();
    breaker.abandoned();
    assert.equal(breaker.enter(), 0);
    assert.equal(breaker.circuit, 'half-open');
  });

  it('is not held open by calls that began before, nor by a clock set back', () => {
    const { breaker, times, wait } = ground();
    times(10, breaker.failed);
    breaker.failed();
    breaker.succeeded();
    assert.equal(breaker.circuit, 'open');
    wait(-3_600_000);
    assert.equal(breaker.enter(), 0);
  });
});
