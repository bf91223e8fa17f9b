/**
 * Times counted in classes: what percentiles are worked out from, over any number of processes and minutes. Owns the
 * classes, which are the same everywhere, so that two histograms can be added.
 */

/** Upper ends of the classes, in seconds; one more class takes all above. The advice of OpenTelemetry, with two finer ones. */
export const bounds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
] as const;

/** How often each class was met, and the sum of all in seconds. */
export interface Histogram {
  readonly counts: number[];
  sum: number;
}

export function emptyHistogram(): Histogram {
  return { counts: Array<number>(bounds.length + 1).fill(0), sum: 0 };
}

/** Counts one time, in milliseconds. On the path of every call. */
export function count(histogram: Histogram, milliseconds: number): void {
  const seconds = milliseconds / 1000;
  let at = 0;
  while (at < bounds.length && seconds > (bounds[at] ?? 0)) at++;
  histogram.counts[at] = (histogram.counts[at] ?? 0) + 1;
  histogram.sum += seconds;
}

/** Adds the second to the first. */
export function addHistogram(to: Histogram, more: Readonly<Histogram>): void {
  for (let i = 0; i < to.counts.length; i++)
    to.counts[i] = (to.counts[i] ?? 0) + (more.counts[i] ?? 0);
  to.sum += more.sum;
}

export function totalOf({ counts }: Readonly<Histogram>): number {
  return counts.reduce((sum, one) => sum + one, 0);
}

/**
 * The time in milliseconds below which this part of the calls stayed, estimated evenly within its class as Prometheus does;
 * undefined without calls. Above the last end it is that end.
 * @param part 0.95
 */
export function quantile(histogram: Readonly<Histogram>, part: number): number | undefined {
  const total = totalOf(histogram);
  if (total === 0) return undefined;
  let before = 0;
  for (let i = 0; i < bounds.length; i++) {
    const here = histogram.counts[i] ?? 0;
    const [from, to] = [bounds[i - 1] ?? 0, bounds[i] ?? 0];
    if (before + here >= total * part && here > 0)
      return (from + ((total * part - before) / here) * (to - from)) * 1000;
    before += here;
  }
  return (bounds.at(-1) ?? 0) * 1000;
}
