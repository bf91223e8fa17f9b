/** What every implementation of the port for limits must do. Each one's test calls this. */
import assert from 'node:assert/strict';
import type { LimitAsk, LimitRule, Limits, Taken } from './limits.ts';

/** Limits over one store, of which each is another process's, and the clock that all go by. */
export interface Conforming {
  readonly processes: readonly Limits[];
  readonly clock: { now: number };
  /** Lets time pass for what runs beside. */
  settle(): Promise<void>;
}

const rules: readonly LimitRule[] = [
  { kind: 'quota', limit: 13, interval: 1, unit: 'second' },
  { kind: 'quota', limit: 13, interval: 1, unit: 'minute' },
  { kind: 'quota', limit: 13, interval: 1, unit: 'day' },
  { kind: 'spike', rate: 1, per: 'minute', burst: 13 },
  { kind: 'concurrency', max: 13, lease: 30_000 },
];

function nameOf(rule: LimitRule): string {
  return rule.kind === 'quota' ? `quota a ${rule.unit}` : rule.kind;
}

export function limitsConformance(open: () => Promise<Conforming>): void {
  const ask = (rule: LimitRule, key = 'app:k'): LimitAsk[] => [{ key, name: 'app', rule }];
  /** Twenty callers at once, spread over the processes. */
  const twenty = ({ processes }: Conforming, asks: () => LimitAsk[]): Promise<Taken[]> =>
    Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        Promise.resolve(processes[i % processes.length]?.take(asks()) ?? assert.fail()),
      ),
    );
  const given = (all: readonly Taken[]) => all.filter(({ refused }) => refused < 0).length;

  for (const rule of rules)
    it(`gives twenty parallel callers exactly the limit: ${nameOf(rule)}`, async () => {
      const conforming = await open();
      const all = await twenty(conforming, () => ask(rule));
      assert.equal(given(all), 13);
      for (const { refused, states } of all)
        assert.ok(refused < 0 || (states[refused]?.reset ?? 0) >= 1);
    });

  for (const rule of rules)
    it(`lets in who waits as long as was stated: ${nameOf(rule)}`, async () => {
      const conforming = await open();
      const all = await twenty(conforming, () => ask(rule));
      await conforming.settle();
      const resets = all.flatMap(({ refused, states }) => states[refused]?.reset ?? []);
      conforming.clock.now += Math.max(...resets) * 1000;
      await conforming.settle();
      assert.equal((await conforming.processes[0]?.take(ask(rule)))?.refused, -1);
    });

  it('takes from all or from none', async () => {
    const conforming = await open();
    const wide = { key: 'proxy:k', name: 'proxy', rule: { ...quota, limit: 15 } };
    const narrow = { key: 'app:a', name: 'app', rule: { ...quota, limit: 3 } };
    const first = await twenty(conforming, () => [wide, narrow]);
    assert.equal(given(first), 3);
    conforming.clock.now += 2_000; // what was reserved and not used goes back
    await conforming.settle();
    const second = await twenty(conforming, () => [wide, { ...narrow, key: 'app:b' }]);
    assert.equal(given(second), 3);
    conforming.clock.now += 2_000;
    await conforming.settle();
    assert.equal((await conforming.processes[0]?.look([wide]))?.[0]?.remaining, 9);
  });

  it('gives places of running calls back', async () => {
    const conforming = await open();
    const rule: LimitRule = { kind: 'concurrency', max: 5, lease: 60_000 };
    const held = Array.from({ length: 20 }, () => ask(rule));
    let next = 0;
    const first = await twenty(conforming, () => held[next++] ?? []);
    assert.equal(given(first), 5);
    held.forEach((asks, i) => {
      if (first[i]?.refused === -1)
        conforming.processes[i % conforming.processes.length]?.release(asks);
    });
    conforming.clock.now += 2_000;
    await conforming.settle();
    assert.equal(given(await twenty(conforming, () => ask(rule))), 5);
  });
}

const quota = { kind: 'quota', interval: 1, unit: 'hour' } as const;
