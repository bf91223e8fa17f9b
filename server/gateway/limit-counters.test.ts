import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createLimitCounters } from './limit-counters.ts';
import type { LimitAsk, LimitRule, QuotaRule } from './limits.ts';

const start = Date.parse('2026-11-26T22:59:50Z');

/** Counters whose clock is moved by hand. */
function held(most?: number) {
  const clock = { now: start };
  const limits = createLimitCounters({
    now: () => clock.now,
    ...(most === undefined ? {} : { most }),
  });
  return { clock, limits };
}

function ask(rule: LimitRule, key = 'app-quota:x'): LimitAsk[] {
  return [{ key, name: 'app', rule }];
}

const quota = (limit: number, unit: QuotaRule['unit'], interval = 1): LimitRule => ({
  ...{ kind: 'quota', limit, interval, unit },
});

const rules: fc.Arbitrary<LimitRule> = fc.oneof(
  fc.record({
    kind: fc.constant('quota' as const),
    limit: fc.integer({ min: 1, max: 20 }),
    interval: fc.integer({ min: 1, max: 3 }),
    unit: fc.constantFrom('second', 'minute', 'hour', 'day', 'week', 'month'),
  }),
  fc.record({
    kind: fc.constant('spike' as const),
    rate: fc.integer({ min: 1, max: 700 }),
    per: fc.constantFrom('second', 'minute'),
    burst: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({
    kind: fc.constant('concurrency' as const),
    max: fc.integer({ min: 1, max: 5 }),
    lease: fc.integer({ min: 1, max: 90_000 }),
  }),
);

describe('limits counted in one process', () => {
  it('let in who waits as long as was stated, whatever limits apply together', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 5, maxLength: 60 });
    fc.assert(
      fc.property(fc.array(rules, { minLength: 1, maxLength: 4 }), gaps, (several, waits) => {
        const { clock, limits } = held();
        const asks = several.map((rule, i) => ({ key: `k${i}`, name: 'n', rule }));
        for (const wait of waits) {
          clock.now += wait;
          const taken = limits.take([...asks]);
          if (taken.refused < 0) continue;
          const reset = taken.states[taken.refused]?.reset ?? 0;
          assert.ok(reset >= 1 && Number.isSafeInteger(reset));
          clock.now += reset * 1_000;
          assert.equal(limits.take([...asks]).refused, -1);
        }
      }),
    );
  });

  it('never let more than the limit into any minute, wherever it begins', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 300, maxLength: 900 });
    fc.assert(
      fc.property(fc.constantFrom(3, 50, 400), gaps, (limit, waits) => {
        const { clock, limits } = held();
        const asks = ask(quota(limit, 'minute'));
        const let_in: number[] = [];
        for (const wait of waits) {
          clock.now += limit > 100 ? wait / 9 : wait;
          if (limits.take(asks).refused < 0) let_in.push(clock.now);
          const before = let_in.at(-1 - limit);
          assert.ok(before === undefined || (let_in.at(-1) ?? 0) - before >= 60_000);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('give the whole of a large limit at once and again a minute later', () => {
    const { clock, limits } = held();
    const asks = ask(quota(90_000, 'minute'));
    const many = () => {
      let given = 0;
      for (let i = 0; i < 90_010; i++) if (limits.take(asks).refused < 0) given++;
      return given;
    };
    assert.equal(many(), 90_000);
    clock.now += 60_000;
    assert.equal(many(), 90_000);
  });

  it('begin aligned quotas on the clock: the count of the hour ends with the hour', () => {
    const { clock, limits } = held();
    const asks = ask(quota(2, 'hour'));
    assert.deepEqual([limits.take(asks).refused, limits.take(asks).refused], [-1, -1]);
    assert.deepEqual(limits.take(asks), { refused: 0, states: [{ remaining: 0, reset: 10 }] });
    clock.now += 10_000;
    assert.deepEqual(limits.take(asks), { refused: -1, states: [{ remaining: 1, reset: 0 }] });
  });

  it('smooth a spike: a burst at once, then one call each gap', () => {
    const { clock, limits } = held();
    const asks = ask({ kind: 'spike', rate: 5, per: 'second', burst: 3 });
    const let_in: number[] = [];
    for (let i = 0; i < 1_000; i += 50, clock.now += 50)
      if (limits.take(asks).refused < 0) let_in.push(i);
    assert.deepEqual(let_in, [0, 50, 100, 200, 400, 600, 800]);
  });

  it('take from all or from none, and name the limit with the longest wait', () => {
    const { clock, limits } = held();
    const asks: LimitAsk[] = [
      { key: 'a', name: 'proxy', rule: quota(100, 'minute') },
      { key: 'b', name: 'app-spike', rule: { kind: 'spike', rate: 1, per: 'second', burst: 1 } },
      { key: 'c', name: 'app', rule: quota(1, 'minute') },
    ];
    limits.take(asks);
    clock.now += 100;
    const { refused, states } = limits.take(asks);
    assert.equal(refused, 2);
    assert.deepEqual(states, [
      { remaining: 99, reset: 0 },
      { remaining: 0, reset: 1 },
      { remaining: 0, reset: 60 },
    ]);
  });

  it('look without taking, at keys never seen too', () => {
    const { limits } = held();
    const asks = ask(quota(3, 'day'));
    assert.deepEqual(limits.look(asks), [{ remaining: 3, reset: 0 }]);
    limits.take(asks);
    assert.deepEqual(
      [limits.look(asks), limits.look(asks)],
      Array(2).fill([{ remaining: 2, reset: 0 }]),
    );
    assert.equal(limits.size, 1);
  });

  it('give a place back to the call that held it, once, and take it back from who never does', () => {
    const { clock, limits } = held();
    const rule: LimitRule = { kind: 'concurrency', max: 2, lease: 30_000 };
    const calls = [ask(rule), ask(rule), ask(rule)];
    const [first = [], second = [], third = []] = calls;
    limits.take(first);
    clock.now += 10_000;
    limits.take(second);
    assert.equal(limits.take(third).states[0]?.reset, 20);
    limits.release(second);
    limits.release(second);
    assert.equal(limits.take(third).refused, -1);
    clock.now += 20_000; // the lease of the first has ended by itself; giving it back takes nobody else's
    assert.equal(limits.take(second).refused, -1);
    limits.release(first);
    assert.equal(limits.take(first).refused, 0);
  });

  it('lock nobody out when the clock is set back, nor count a day again for a second of it', () => {
    const { clock, limits } = held();
    const minute = ask(quota(1, 'minute'), 'm');
    const day = ask(quota(1, 'day'), 'd');
    const spike = ask({ kind: 'spike', rate: 1, per: 'minute', burst: 1 }, 's');
    for (const asks of [minute, day, spike]) limits.take(asks);
    clock.now -= 400 * 86_400_000;
    limits.look(minute); // some call sees the clock before the minute is over
    clock.now += 60_000;
    for (const asks of [minute, day, spike]) assert.equal(limits.take(asks).refused, -1);

    const midnight = Date.parse('2026-12-01T00:00:00Z');
    clock.now = midnight;
    limits.take(day);
    clock.now = midnight - 1_000;
    assert.equal(limits.take(day).refused, 0);
  });

  it('follow a rule that changes under the same key', () => {
    const { limits } = held();
    for (let i = 0; i < 5; i++) limits.take(ask(quota(5, 'minute')));
    assert.equal(limits.take(ask(quota(3, 'minute'))).states[0]?.reset, 60);
    assert.equal(limits.take(ask(quota(6, 'minute'))).refused, -1);
    for (let i = 0; i < 5; i++) limits.take(ask(quota(5, 'month')));
    assert.equal(limits.take(ask(quota(5, 'hour'))).refused, -1);
  });

  it('keep memory bounded under any number of addresses, and no app pays for them', () => {
    const { clock, limits } = held(100);
    const app = ask(quota(1, 'day'), 'app-quota:a');
    limits.take(app);
    for (let i = 0; i < 10_000; i++) limits.take(ask(quota(5, 'minute'), `address-quota:${i}`));
    assert.ok(limits.size <= 101);
    assert.equal(limits.take(app).refused, 0);
    clock.now += 120_000;
    for (let i = 0; i < 150; i++) {
      clock.now += 61_000;
      limits.take(ask(quota(5, 'minute'), `address-quota:later-${i}`));
    }
    assert.ok(limits.size < 20, `${limits.size} counters are left`);
  });

  it('give counts of an hour and longer to be kept, and take them back', () => {
    const before = held();
    const asks = ask(quota(3, 'day'));
    before.limits.take(asks);
    before.limits.take(asks);
    before.limits.take(ask(quota(9, 'minute'), 'm'));
    before.limits.take(ask(quota(9, 'day'), 'address-quota:1'));
    const kept = [...before.limits.dump()];
    assert.deepEqual(
      kept.map(({ key, count, changed }) => [key, count, changed]),
      [['app-quota:x', 2, true]],
    );
    assert.equal([...before.limits.dump()][0]?.changed, false);
    const after = held();
    for (const one of kept) after.limits.restore(one);
    assert.equal(after.limits.look(asks)[0]?.remaining, 1);
  });
});
