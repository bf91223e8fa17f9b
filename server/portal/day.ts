/** A day as somebody in the United Kingdom types it, and as it is shown. Owns both; times are parts.ts's. */
import { html, type Html } from '../../core/html.ts';
import { time } from './parts.ts';

/** What a hint says of how a day is entered. */
export const dayExample = '31 3 2027';

/** The begin of the day in UTC, of `31 3 2027`, `31/3/2027`, `31 March 2027` or `2027-03-31`; undefined for what is none. */
export function dayOf(text: string): number | undefined {
  const found =
    /^(?<day>\d{1,2})[ /.-](?<month>\d{1,2}|[a-z]{3,9})[ /.-](?<year>\d{4})$/i.exec(text.trim()) ??
    /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})$/.exec(text.trim());
  const { day = '', month = '', year = '' } = found?.groups ?? {};
  const number = /^\d/.test(month) ? Number(month) : monthOf(month);
  const begin = Date.UTC(Number(year), number - 1, Number(day));
  const read = new Date(begin);
  const isThat = read.getUTCDate() === Number(day) && read.getUTCMonth() === number - 1;
  return found && isThat ? begin : undefined;
}

function monthOf(name: string): number {
  const begin = name.slice(0, 3).toLowerCase();
  return (
    ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].indexOf(
      begin,
    ) + 1
  );
}

/** What ends with a day is told by that day; what ends within one, by the time. */
export function lastDay(ends: number): Html {
  if (ends % (24 * 3_600_000) !== 0) return time(ends);
  const day = ends - 1;
  return html`<time datetime="${new Date(day).toISOString().slice(0, 10)}">${formatter.format(day)}</time>`;
}
const formatter = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
