/**
 * Dates and periods between HL7 V3 (`YYYYMMDD[hhmm[ss]][+hhmm]`, partial ones included) and FHIR. A time without an offset is
 * UTC. Owns no rule about which dates are allowed.
 */
import type { Period } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { at, attributeOf, hl7 } from './elements.ts';

const fhirTime =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;
const hl7Time =
  /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(\d{2})(?:(\d{2})(?:\.\d{1,9})?)?([+-]\d{4})?)?)?)?$/;

/** FHIR date or dateTime as HL7 V3; undefined for a text that is neither. */
export function toHl7Time(text: string | undefined): string | undefined {
  const parts = text !== undefined && text.length <= 40 ? fhirTime.exec(text) : null;
  if (!parts) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', zone] = parts;
  const time = hour === '' ? '' : `${hour}${minute}${second === '' ? '00' : second}`;
  return `${year}${month}${day}${time}${offsetOf(zone)}`;
}

/** As `toHl7Time`; midnight UTC is written as the day alone: days are what is kept. */
export function toHl7Day(text: string | undefined): string | undefined {
  return toHl7Time(text?.replace(/T00:00:00(?:\+00:00|Z)$/, ''));
}

/** HL7 V3 as FHIR: a date as long as there is no time of day, a dateTime otherwise. Undefined for no such date. */
export function fromHl7Time(text: string | undefined): string | undefined {
  const parts = text !== undefined && text.length <= 40 ? hl7Time.exec(text) : null;
  if (!parts) return undefined;
  const [, year = '', month, day, hour, minute = '', second = '00', zone] = parts;
  const date = [year, month, day].filter((part) => part !== undefined).join('-');
  if (!exists(year, month, day)) return undefined;
  if (hour === undefined) return date;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  return `${date}T${hour}:${minute}:${second}${zone ? `${zone.slice(0, 3)}:${zone.slice(3)}` : '+00:00'}`;
}

/** As `fromHl7Time`, for elements that are a dateTime in FHIR: a whole day is its midnight, UTC. */
export function momentFromHl7(text: string | undefined): string | undefined {
  const read = fromHl7Time(text);
  return read?.length === 10 ? `${read}T00:00:00+00:00` : read;
}

/** An interval with its ends as children; undefined when neither is known. */
export function toInterval(name: string, period: Period | undefined): XmlElement | undefined {
  const low = toHl7Day(period?.start);
  const high = toHl7Day(period?.end);
  if (low === undefined && high === undefined) return undefined;
  return hl7(
    name,
    {},
    low === undefined ? undefined : hl7('low', { value: low }),
    high === undefined ? undefined : hl7('high', { value: high }),
  );
}

/** The period of an interval; `read` is `fromHl7Time` for days, `momentFromHl7` for dateTimes. */
export function fromInterval(
  element: XmlElement | undefined,
  read: (text: string | undefined) => string | undefined = fromHl7Time,
): Period | undefined {
  const start = read(attributeOf(at(element, 'low'), 'value'));
  const end = read(attributeOf(at(element, 'high'), 'value'));
  if (start === undefined && end === undefined) return undefined;
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

/**
 * Without those that ended while another of their kind goes on: past values, which a message with history brings along.
 */
export function withoutPast<Item extends { readonly period?: Period | undefined }>(
  items: readonly Item[],
  kindOf: (item: Item) => string,
): Item[] {
  const going = new Set(items.filter(({ period }) => period?.end === undefined).map(kindOf));
  return items.filter((item) => item.period?.end === undefined || !going.has(kindOf(item)));
}

function offsetOf(zone: string | undefined): string {
  return zone === undefined || zone === 'Z' || zone === '+00:00' ? '' : zone.replace(':', '');
}

const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether there is such a day; by reckoning, as a record has some dozens. */
function exists(year: string, month = '01', day = '01'): boolean {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  const leap = y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0);
  const length = m === 2 && leap ? 29 : lengths[m - 1];
  return y > 0 && length !== undefined && d >= 1 && d <= length;
}
