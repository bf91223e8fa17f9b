/**
 * Metrics as data: one family is a name, a type and its values. Processes send each other these, and metrics.ts adds them up
 * and writes them. Owns the making of families, no counter.
 */
import { bounds, totalOf, type Histogram } from './histogram.ts';

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** How the values of several processes become one. */
  readonly aggregator: 'sum' | 'max' | 'min' | 'first';
  readonly values: Value[];
}

export interface Value {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}

export type Labels = Readonly<Record<string, string | number>>;

/** A counter; each value adds up over the processes. */
export function counter(name: string, help: string): Family {
  return { name, help, type: 'counter', aggregator: 'sum', values: [] };
}

/** @param aggregator `max` where every process knows the same thing. */
export function gauge(name: string, help: string, aggregator: Family['aggregator']): Family {
  return { name, help, type: 'gauge', aggregator, values: [] };
}

export function histogram(name: string, help: string): Family {
  return { name, help, type: 'histogram', aggregator: 'sum', values: [] };
}

export function add({ values }: Family, labels: Labels, value: number): void {
  values.push({ labels, value });
}

/** The lines of one histogram: counts up to each bound, their sum and their number. None without calls. */
export function addTimes({ name, values }: Family, labels: Labels, times: Histogram): void {
  const total = totalOf(times);
  if (total === 0) return;
  let below = 0;
  bounds.forEach((bound, i) => {
    below += times.counts[i] ?? 0;
    values.push({ labels: { ...labels, le: bound }, value: below, metricName: `${name}_bucket` });
  });
  values.push({ labels: { ...labels, le: '+Inf' }, value: total, metricName: `${name}_bucket` });
  values.push({ labels, value: times.sum, metricName: `${name}_sum` });
  values.push({ labels, value: total, metricName: `${name}_count` });
}
