/** Dates and periods of a Patient (pds-fhir 3.3, 3.4): the formats taken, and what may not lie in the future. */
import type { Period } from 'fhir/r4.js';
import { missingValue } from '../errors.ts';
import { isBlank, objectOf, wrong, type Rules } from './field-rules-values.ts';

const ukDay = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/London',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

const dayLength = 86_400_000;

/** The calendar day in the United Kingdom, `yyyy-mm-dd`: a caller's own "today" is never in the future. */
export function dayOf(now: number): string {
  return ukDay.format(now);
}

/** Whether the text is a day of the calendar, `yyyy-mm-dd`. */
export function isDay(text: unknown): text is string {
  if (typeof text !== 'string' || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && text >= '0001' && new Date(time).toISOString().startsWith(text);
}

/** Days from one day to another. */
export function daysBetween(start: string, end: string): number {
  return Math.round(
    (Date.parse(`${end}T00:00:00Z`) - Date.parse(`${start}T00:00:00Z`)) / dayLength,
  );
}

/** A period whose start is known. */
export type Dated = Period & { start: string };

/**
 * The value as a period: start required, both days of the calendar, start not after the end and not in the future.
 * `whose` begins the sentence about the future: `contact`, `general practice`. Absent, the period begins today.
 */
export function periodOf(value: unknown, path: string, rules: Rules, whose: string): Dated {
  if (value === undefined || value === null) return { start: dayOf(rules.now) };
  const fields = objectOf(value, path, ['start', 'end']);
  if (isBlank(fields.start)) throw missingValue(`${path}/start`);
  const { start, end } = fields;
  if (!isDay(start)) throw wrong(start, `${path}/start`);
  if (end !== undefined && end !== null && !isDay(end)) throw wrong(end, `${path}/end`);
  if (isDay(end) && end < start)
    throw rules.refuse('business effective start date is after the end date');
  if (start > dayOf(rules.now))
    throw rules.refuse(`${whose} business effective start date cannot be in the future`);
  return { start, ...(isDay(end) ? { end } : {}) };
}

/** A date of birth: a day, not in the future. */
export function birthDateOf(value: unknown, path: string, rules: Rules): string {
  if (!isDay(value)) throw wrong(value, path);
  if (value > dayOf(rules.now)) throw rules.refuse('birth date cannot be in the future');
  return value;
}

const moment = /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}:[0-9]{2})(\+00:00|Z)?)?$/;

/**
 * A date of death: a day alone, or a moment in UTC. A moment without an offset is taken as UTC, any other offset refused.
 * A day alone stays one.
 */
export function deathDateOf(value: unknown, path: string, rules: Rules): string {
  const parts = typeof value === 'string' ? moment.exec(value) : null;
  const [, day, time] = parts ?? [];
  if (!isDay(day) || (time !== undefined && Number.isNaN(Date.parse(`${day}T${time}Z`))))
    throw wrong(value, path);
  if (day > dayOf(rules.now)) throw rules.refuse('deceased date cannot be in the future');
  return time === undefined ? day : `${day}T${time}+00:00`;
}

/** A date and time as PDS writes its own: UTC, to the second, `+00:00`. */
export function momentOf(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}+00:00`;
}
