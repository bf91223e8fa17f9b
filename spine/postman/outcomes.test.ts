import assert from 'node:assert/strict';
import { createCircuits } from './circuits.ts';
import { judge, type PushResult } from './outcomes.ts';

const now = Date.UTC(2026, 10, 27, 12);
const answer = (status: number, retryAfter?: string): PushResult => ({
  ...{ kind: 'answer', status, excerpt: '' },
  ...(retryAfter === undefined ? {} : { retryAfter }),
});
const kindOf = (result: PushResult) => judge(result, 1, now).outcome.kind;

describe('what an endpoint answers', () => {
  it('is taken, once more or never, by its status', () => {
    for (const status of [200, 201, 202, 204]) assert.equal(kindOf(answer(status)), 'done');
    for (const status of [408, 425, 429, 500, 501, 502, 503, 504, 599])
      assert.equal(kindOf(answer(status)), 'again', String(status));
    for (const status of [
      300, 301, 304, 307, 308, 400, 401, 403, 404, 405, 410, 413, 415, 422, 451,
    ])
      assert.equal(kindOf(answer(status)), 'dead', String(status));
    assert.equal(judge(answer(410), 1, now).isGone, true);
    assert.equal(judge(answer(404), 1, now).isGone, undefined);
  });

  it('says when to try again, in seconds or as a date, up to an hour', () => {
    const due = (field: string) => {
      const { outcome } = judge(answer(503, field), 1, now);
      return outcome.kind === 'again' && outcome.at !== undefined ? outcome.at - now : undefined;
    };
    assert.equal(due('120'), 120_000);
    assert.equal(due(new Date(now + 60_000).toUTCString()), 60_000);
    assert.equal(due(new Date(now - 60_000).toUTCString()), 0);
    assert.equal(due('999999999'), 3_600_000);
    for (const junk of ['', 'soon', '-5x', '1e400', '9'.repeat(400)])
      assert.ok(!Number.isNaN(due(junk) ?? 0), junk);
  });

  it('is a slip that a person mends where trust is missing: tried on a longer schedule', () => {
    const pauses = [1, 2, 3, 10].map((attempts) => {
      const { outcome, isAlarm } = judge(
        { kind: 'fault', fault: 'trust', reason: '' },
        attempts,
        now,
      );
      assert.equal(isAlarm, true);
      return outcome.kind === 'again' ? ((outcome.at ?? 0) - now) / 60_000 : 0;
    });
    assert.deepEqual(pauses, [10, 20, 40, 360]);
    const passing = judge({ kind: 'fault', fault: 'passing', reason: '' }, 1, now);
    assert.deepEqual([passing.outcome.kind, passing.isAlarm], ['again', undefined]);
  });
});

describe('the circuit of an endpoint', () => {
  let time = now;
  const circuits = createCircuits(
    () => time,
    () => 0.999_999,
  );
  const fail = (endpoint: string) => {
    circuits.report(endpoint, true);
  };

  it('opens at five failures in a row, and lets one trial through at each growing step', () => {
    for (let n = 0; n < 4; n++) fail('a');
    circuits.report('a', false);
    for (let n = 0; n < 4; n++) fail('a');
    assert.equal(circuits.room('a'), 8);
    fail('a');
    assert.deepEqual([circuits.room('a'), circuits.isOpen('a'), circuits.room('b')], [0, true, 8]);
    const steps: number[] = [];
    for (let n = 0; n < 14; n++) {
      const begin = time;
      while (circuits.room('a') === 0) time += 1_000;
      assert.equal(circuits.room('a'), 1);
      steps.push(Math.round((time - begin) / 1_000));
      fail('a');
    }
    assert.deepEqual(steps, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600, 3600]);
    circuits.report('a', false);
    assert.equal(circuits.room('a'), 8);
  });

  it('counts what was under way when it opened as nothing new', () => {
    for (let n = 0; n < 8; n++) fail('c');
    time += 5_000;
    assert.equal(circuits.room('c'), 1);
  });
});
