/** Calendar days as whole numbers, counted from 1 March of the year 0, so that no time zone or clock comes in. */

/** The day of a date. Months and days count from 1. */
export function dayOf(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const fromMarch = (month + 9) % 12;
  return (
    365 * shifted +
    Math.floor(shifted / 4) -
    Math.floor(shifted / 100) +
    Math.floor(shifted / 400) +
    Math.floor((153 * fromMarch + 2) / 5) +
    day -
    1
  );
}

/** The date of a day: year, month, day. */
export function dateOf(day: number): readonly [number, number, number] {
  let year = Math.floor((10_000 * day + 14_780) / 3_652_425);
  let rest = day - startOf(year);
  if (rest < 0) {
    year--;
    rest = day - startOf(year);
  }
  const fromMarch = Math.floor((100 * rest + 52) / 3060);
  const month = ((fromMarch + 2) % 12) + 1;
  return [year + (fromMarch > 9 ? 1 : 0), month, rest - Math.floor((306 * fromMarch + 5) / 10) + 1];
}

/** The day of `yyyy-mm-dd`, which must be a date in that form. */
export function readDay(text: string): number {
  return dayOf(Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10)));
}

/** A day as `yyyy-mm-dd`. */
export function writeDay(day: number): string {
  const [year, month, date] = dateOf(day);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(date)}`;
}

export function yearOf(day: number): number {
  return dateOf(day)[0];
}

function startOf(year: number): number {
  return 365 * year + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}
