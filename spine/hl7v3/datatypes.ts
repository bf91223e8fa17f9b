/**
 * Elements of HL7 V3 by data type: building them, and reading their attributes. Owns instance identifiers, codes and
 * points in time; what they mean where is the wrappers' and the adapters'.
 */
import {
  attributeOf,
  childElements,
  childNamed,
  xmlAttribute,
  xmlElement,
  type XmlElement,
  type XmlNode,
} from '../../core/xml.ts';
import { hl7Uri, roots } from './ids.ts';

/** Attributes of an element; those that are undefined are left out. */
export type Hl7Attributes = Readonly<Record<string, string | undefined>>;

/** An element of HL7 V3, without a prefix. Children that are undefined are left out. */
export function hl7(
  name: string,
  attributes: Hl7Attributes = {},
  children: readonly (XmlNode | undefined)[] = [],
): XmlElement {
  const own = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [xmlAttribute(key, value)],
  );
  const kept = children.flatMap((one) => (one === undefined || one === '' ? [] : [one]));
  return xmlElement(name, kept, { uri: hl7Uri, attributes: own });
}

/** `<id root="…" extension="…"/>` (II). */
export function idElement(root: string, extension?: string, name = 'id'): XmlElement {
  return hl7(name, { root, extension });
}

/** `<code code="…" codeSystem="…" displayName="…"/>` (CV). */
export function codeElement(name: string, code: string, codeSystem?: string, displayName?: string) {
  return hl7(name, { code, codeSystem, displayName });
}

/** `<device>` with the id of an accredited system, between `communicationFunction…` and its id. */
export function deviceElement(asid: string): XmlElement {
  return hl7('device', { classCode: 'DEV', determinerCode: 'INSTANCE' }, [
    idElement(roots.asid, asid),
  ]);
}

/** The child of that name in HL7 V3; also of a parent that is not there. */
export function hl7Child(parent: XmlElement | undefined, name: string): XmlElement | undefined {
  return parent && childNamed(parent, name, hl7Uri);
}

/** All children of that name in HL7 V3. */
export function hl7Children(parent: XmlElement | undefined, name: string): readonly XmlElement[] {
  return parent
    ? childElements(parent).filter((one) => one.name === name && one.uri === hl7Uri)
    : [];
}

/** Down a path of names, taking the first child each time. */
export function hl7At(
  parent: XmlElement | undefined,
  ...path: readonly string[]
): XmlElement | undefined {
  return path.reduce(hl7Child, parent);
}

/** An attribute without a prefix, trimmed; empty when the element or the attribute is not there. */
export function attribute(element: XmlElement | undefined, name: string): string {
  return (element && attributeOf(element, name)?.trim()) ?? '';
}

/** The extension of the first `id` with that root below a parent; undefined where there is none. */
export function idWithRoot(parent: XmlElement | undefined, root: string): string | undefined {
  const found = hl7Children(parent, 'id').find((one) => attribute(one, 'root') === root);
  return found && (attribute(found, 'extension') || undefined);
}

/** `YYYYMMDDhhmmss` in UTC of milliseconds since the epoch (TS). */
export function timestampOf(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '');
}

/** `YYYY-MM-DDThh:mm:ssZ` of milliseconds since the epoch, as ebXML headers have it. */
export function isoTimestampOf(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/**
 * Milliseconds since the epoch of a point in time as senders write it: `YYYYMMDD[hh[mm[ss]]]` with an optional fraction
 * and zone, or ISO 8601; without a zone it is UTC. Undefined for anything else, impossible days among it.
 */
export function timeOf(text: string): number | undefined {
  if (text.length < 8 || text.length > 40) return undefined;
  const parts = compact.exec(text) ?? iso.exec(text);
  if (!parts) return undefined;
  const numbers = Array.from(parts, (one: string | undefined) => Number(one ?? 0));
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers.slice(1);
  const fraction = Math.floor(Number(`0${parts[7] ?? ''}`) * 1000);
  if (!isDay(year, month, day) || hour > 23 || minute > 59 || second > 60) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second, fraction) - zoneOf(parts[8]);
}

/** A date as FHIR has it, of `YYYY`, `YYYYMM` or `YYYYMMDD…`; undefined when it is no date. */
export function fhirDateOf(text: string): string | undefined {
  const parts = text.length <= 40 ? /^(\d{4})(?:(\d\d)(?:(\d\d)(?:\d|$))?)?/.exec(text) : null;
  if (!parts || !/^\d{4}(?:\d\d(?:\d\d.{0,32})?)?$/.test(text)) return undefined;
  const [, year = '', month, day] = parts;
  if (!isDay(Number(year), Number(month ?? 1), Number(day ?? 1))) return undefined;
  return [year, month, day].filter((one) => one !== undefined).join('-');
}

/** A dateTime as FHIR has it, of `YYYYMMDDhhmm[ss]`; a date where no time was given. */
export function fhirDateTimeOf(text: string): string | undefined {
  if (text.length <= 8) return fhirDateOf(text);
  const time = timeOf(text);
  return time === undefined ? undefined : `${new Date(time).toISOString().slice(0, 19)}+00:00`;
}

/** `YYYY`, `YYYYMM` or `YYYYMMDD` of a FHIR date or dateTime, of which the day counts as it is written. */
export function hl7DateOf(date: string): string {
  return date.slice(0, 10).replaceAll('-', '');
}

/** `YYYYMMDDhhmmss` in UTC of a FHIR dateTime; only the date where it has no time. */
export function hl7TimeOf(dateTime: string): string {
  const time = dateTime.includes('T') ? Date.parse(dateTime) : NaN;
  return Number.isNaN(time) ? hl7DateOf(dateTime) : timestampOf(time);
}

const zone = '(Z|[+-]\\d\\d:?\\d\\d)?';
const compact = new RegExp(
  `^(\\d{4})(\\d\\d)(\\d\\d)(?:(\\d\\d)(?:(\\d\\d)(?:(\\d\\d)(\\.\\d{1,9})?)?)?)?${zone}$`,
);
const iso = new RegExp(
  `^(\\d{4})-(\\d\\d)-(\\d\\d)(?:T(\\d\\d):(\\d\\d)(?::(\\d\\d)(\\.\\d{1,9})?)?)?${zone}$`,
);

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1000 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Milliseconds of `+01:00`. */
function zoneOf(text: string | undefined): number {
  if (text === undefined || text === 'Z') return 0;
  const digits = text.replace(':', '');
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return (digits.startsWith('-') ? -minutes : minutes) * 60_000;
}
