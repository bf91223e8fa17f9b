import assert from 'node:assert/strict';
import type { QuotaRule } from './limits.ts';
import { usualBurst, windowAt } from './limit-windows.ts';

const at = Date.parse('2026-11-26T22:13:05.250Z'); // a Thursday

function windowOf(interval: number, unit: QuotaRule['unit']): string[] {
  const { start, end } = windowAt({ kind: 'quota', limit: 1, interval, unit }, at);
  return [start, end].map((time) => new Date(time).toISOString().slice(0, 16));
}

describe('windows of quotas', () => {
  const cases: readonly (readonly [number, QuotaRule['unit'], string, string])[] = [
    [1, 'hour', '2026-11-26T22:00', '2026-11-26T23:00'],
    [6, 'hour', '2026-11-26T18:00', '2026-11-27T00:00'],
    [1, 'day', '2026-11-26T00:00', '2026-11-27T00:00'],
    [1, 'week', '2026-11-23T00:00', '2026-11-30T00:00'],
    [1, 'month', '2026-11-01T00:00', '2026-12-01T00:00'],
    [3, 'month', '2026-10-01T00:00', '2027-01-01T00:00'],
  ];
  for (const [interval, unit, start, end] of cases)
    it(`begin on the clock for ${interval} ${unit}(s)`, () => {
      assert.deepEqual(windowOf(interval, unit), [start, end]);
    });

  it('let a tenth of a minute come at once unless told otherwise, and one call at least', () => {
    assert.deepEqual(
      [usualBurst(600, 'minute'), usualBurst(5, 'second'), usualBurst(3, 'minute')],
      [60, 30, 1],
    );
  });
});
