/**
 * Parameters that several queries share, between FHIR's search parameters and HL7 V3: NHS number, name, dates, gender, address.
 * Shapes are those of ../hl7v3/control-act-query.ts.
 */
import type { XmlElement } from '../../core/xml.ts';
import { isNhsNumber } from '../../fhir/identifiers.ts';
import type { DateRange } from '../../fhir/pds/trace/trace-terms.ts';
import {
  queryValue,
  queryValues,
  type ParameterParts,
  type QueryParameters,
} from '../hl7v3/control-act-query.ts';
import { roots } from '../hl7v3/ids.ts';
import { allOf, at, attributeOf, hl7, wordsOf } from './elements.ts';
import { fromGenderCode, toGenderCode } from './genders.ts';
import { refusal } from './issues.ts';
import { fromHl7Time, toHl7Time } from './times.ts';

export function numberParameter(nhsNumber: string): ParameterParts {
  return {
    name: 'person.id',
    value: { attributes: { root: roots.nhsNumber, extension: nhsNumber } },
  };
}

/** @throws INVALID_NHS_NUMBER, FAILED_MOD11_CHECK; `missing` when there is none */
export function nhsNumberIn(parameters: QueryParameters, missing = 'INVALID_NHS_NUMBER'): string {
  const number = queryValue(parameters, 'person.id', 'extension');
  if (number === undefined) throw refusal(missing, 'The NHS number is missing');
  return checkedNumber(number);
}

/** @throws INVALID_NHS_NUMBER, FAILED_MOD11_CHECK */
export function checkedNumber(number: string): string {
  if (!/^\d{10}$/.test(number))
    throw refusal('INVALID_NHS_NUMBER', 'The NHS number does not have ten digits');
  if (!isNhsNumber(number))
    throw refusal('FAILED_MOD11_CHECK', 'The NHS number fails the modulus 11 check');
  return number;
}

export function nameParameter(
  family: string | undefined,
  given: readonly string[],
): ParameterParts | undefined {
  const parts = [
    ...given.map((text) => hl7('given', {}, text)),
    ...(family === undefined ? [] : [hl7('family', {}, family)]),
  ];
  if (parts.length === 0) return undefined;
  return { name: 'person.name', value: { attributes: { use: 'L' }, children: parts } };
}

export function nameIn(parameters: QueryParameters): { family: string[]; given: string[] } {
  const [value] = queryValues(parameters, 'person.name');
  const texts = (name: string) => allOf(value, name).flatMap((part) => wordsOf(part) ?? []);
  return { family: texts('family'), given: texts('given') };
}

export function genderParameter(code: string | undefined): ParameterParts | undefined {
  if (code !== 'male' && code !== 'female' && code !== 'other' && code !== 'unknown')
    return undefined;
  return {
    name: 'person.administrativeGenderCode',
    value: { attributes: { code: toGenderCode(code) } },
  };
}

/** @throws INVALID_SEARCH_DATA for a code that is none of the four */
export function genderIn(parameters: QueryParameters): string | undefined {
  const code = queryValue(parameters, 'person.administrativeGenderCode', 'code');
  const gender = fromGenderCode(code);
  if (code !== undefined && gender === undefined)
    throw refusal('INVALID_SEARCH_DATA', "Invalid search data provided - 'gender'");
  return gender;
}

/** One day as a value, or both ends. Undefined for a range without ends. */
export function dateParameter(
  name: string,
  range: DateRange | undefined,
): ParameterParts | undefined {
  const from = toHl7Time(range?.from);
  const to = toHl7Time(range?.to);
  if (from === undefined && to === undefined) return undefined;
  if (from === to) return { name, value: { attributes: { value: from } } };
  const end = (tag: string, value: string | undefined) =>
    value === undefined ? [] : [hl7(tag, { value })];
  return { name, value: { children: [...end('low', from), ...end('high', to)] } };
}

/**
 * The days that a date parameter takes in. A year or month alone takes in all of its days.
 * @throws ILLEGAL_DATE_FORMAT for what is no date, and for a mixture of the three ways to tell one
 */
export function dateIn(parameters: QueryParameters, name: string): DateRange | undefined {
  const [value] = queryValues(parameters, name);
  if (!value) return undefined;
  const single = attributeOf(value, 'value');
  const center = at(value, 'center');
  const [low, high] = [at(value, 'low'), at(value, 'high')];
  const ways = [
    single !== undefined,
    center !== undefined,
    low !== undefined || high !== undefined,
  ];
  if (ways.filter(Boolean).length !== 1) throw illegalDate();
  if (low || high) return { ...endOf('from', low), ...endOf('to', high) };
  const day = dayOf(single ?? attributeOf(center, 'value'));
  return { from: firstDay(day), to: lastDay(day) };
}

function endOf(end: 'from' | 'to', element: XmlElement | undefined): DateRange {
  if (!element) return {};
  const day = dayOf(attributeOf(element, 'value'));
  return { [end]: end === 'from' ? firstDay(day) : lastDay(day) };
}

const illegalDate = () => refusal('ILLEGAL_DATE_FORMAT', 'A date is not in the form YYYYMMDD');

function dayOf(text: string | undefined): string {
  const day = fromHl7Time(text)?.slice(0, 10);
  if (day === undefined) throw illegalDate();
  return day;
}

function firstDay(day: string): string {
  return `${day}-01-01`.slice(0, 10);
}

function lastDay(day: string): string {
  if (day.length === 10) return day;
  if (day.length === 4) return `${day}-12-31`;
  const [year, month] = day.split('-').map(Number);
  return new Date(Date.UTC(year ?? 0, month ?? 0, 0)).toISOString().slice(0, 10);
}

export function postcodeParameter(postcode: string | undefined): ParameterParts | undefined {
  return postcode === undefined
    ? undefined
    : { name: 'person.address', value: { children: [hl7('postalCode', {}, postcode)] } };
}

export function postcodeIn(parameters: QueryParameters): string | undefined {
  return wordsOf(at(queryValues(parameters, 'person.address')[0], 'postalCode'));
}
