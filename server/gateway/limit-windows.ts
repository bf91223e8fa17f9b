/**
 * What rules come to in numbers: how long a rule looks back, and where on the clock windows of an hour and longer begin.
 * Owns the arithmetic of the calendar (UTC), nothing that counts.
 */
import type { LimitRule, QuotaRule, SpikeRule } from './limits.ts';

/** From `start` up to, not including, `end`; milliseconds since the epoch. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

const hour = 3_600_000;
const day = 24 * hour;
const week = 7 * day;
/** 1 January 1970 was a Thursday; weeks begin on Mondays (ISO 8601). */
const firstMonday = -3 * day;

const lengths = { second: 1_000, minute: 60_000, hour, day, week, month: 30 * day } as const;

/** Whether a quota's windows stand on the clock: from the hour up. Shorter ones slide. */
export function isAligned({ unit }: QuotaRule): boolean {
  return unit !== 'second' && unit !== 'minute';
}

/** Milliseconds that a quota is for; a month counts as 30 days here. */
export function spanOf({ interval, unit }: QuotaRule): number {
  return interval * lengths[unit];
}

/** The window of an aligned quota at a time. Several units are counted from the epoch; months from January of year 0. */
export function windowAt(rule: QuotaRule, time: number): Window {
  if (rule.unit === 'month') return monthsAt(rule.interval, time);
  const origin = rule.unit === 'week' ? firstMonday : 0;
  const span = spanOf(rule);
  const start = origin + Math.floor((time - origin) / span) * span;
  return { start, end: start + span };
}

function monthsAt(interval: number, time: number): Window {
  const date = new Date(time);
  const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
  const first = Math.floor(month / interval) * interval;
  return { start: Date.UTC(0, first - 1900 * 12), end: Date.UTC(0, first + interval - 1900 * 12) };
}

/** Milliseconds between two calls of a spike rule when they come evenly. */
export function gapOf({ rate, per }: SpikeRule): number {
  return lengths[per] / rate;
}

/** Calls at once where a rule does not say: a tenth of the rate in a minute, at least 1. */
export function usualBurst(rate: number, per: SpikeRule['per']): number {
  const aMinute = per === 'minute' ? rate : rate * 60;
  return Math.max(1, Math.floor(aMinute / 10));
}

/** What a limit gives when nothing of it has been taken. */
export function mostOf(rule: LimitRule): number {
  if (rule.kind === 'quota') return rule.limit;
  return rule.kind === 'spike' ? rule.burst : rule.max;
}
