/**
 * The queries of the SMART base: which parameters an operation takes, and whom a query names by number. A parameter that
 * would be passed over could show more than its sender meant to ask for, so an unknown one is refused, and so are
 * modifiers, chains and includes. Criteria of a search for people are read by fhir/pds/trace/search-query.ts.
 */
import { Problem } from '../../core/problem.ts';
import { nhsNumberSystem } from '../identifiers.ts';
import type { SmartOperation } from './operations.ts';

/** How an answer may be asked for, whatever the operation; everything is JSON. */
const formats = new Set(['json', 'text/json', 'application/json', 'application/fhir+json']);
const general = new Set(['_format', '_pretty']);
const acceptable = new Set([...formats, 'application/json+fhir', 'application/*', '*/*']);
const longestQuoted = 40;

/**
 * The query without what only asks for a format.
 * @throws Problem 400 for a parameter the operation does not take, 406 for a format that is not JSON.
 */
export function queryFor(operation: SmartOperation, query: URLSearchParams): URLSearchParams {
  const known = new Set(operation.search?.map(({ name }) => name));
  const rest = new URLSearchParams();
  for (const [name, value] of query) {
    if (known.has(name)) rest.append(name, value);
    else if (!general.has(name)) throw new Problem('invalid', unknownParameter(name));
    else if (name === '_format' && !formats.has(mediaType(value))) throw notAcceptable();
  }
  return rest;
}

/** @throws Problem 406 when the caller takes no JSON. */
export function checkAccept(accept: string | undefined): void {
  if (accept === undefined || accept.trim() === '') return;
  if (!accept.split(',').some((each) => acceptable.has(mediaType(each)))) throw notAcceptable();
}

/** Whom a search names: a number that may be nobody's, or undefined for a search by criteria. */
export interface Named {
  /** Undefined when the parameters can match nobody: another identifier system, two different numbers. */
  readonly nhsNumber: string | undefined;
}

/** @throws Problem 400 for several numbers in one parameter, and for criteria beside a number. */
export function namedIn(query: URLSearchParams): Named | undefined {
  const ids = query.getAll('_id');
  const identifiers = query.getAll('identifier');
  const numbers = [...ids, ...identifiers.map(fromIdentifier)];
  if (numbers.length === 0) return undefined;
  if (numbers.some((number) => number?.includes(',')))
    throw new Problem('invalid', 'A search by number takes one number');
  if ([...query.keys()].some((name) => name !== '_id' && name !== 'identifier'))
    throw new Problem('invalid', 'A search by number takes no further criteria');
  const [first] = numbers;
  return { nhsNumber: numbers.every((number) => number === first) ? first : undefined };
}

/**
 * The number in `patient`: `ID`, `Patient/ID` or `base/Patient/ID`.
 * @throws Problem 400 when it is missing, stands twice or names another type.
 */
export function patientIn(query: URLSearchParams, base: string): string {
  const value = onlyOf(query, 'patient');
  for (const prefix of [`${base}/Patient/`, 'Patient/'])
    if (value.startsWith(prefix)) return value.slice(prefix.length);
  return value;
}

/** The subscriber of a card, from `subscriber:identifier` or `patient`, whichever is there. Throws as `patientIn`. */
export function subscriberIn(query: URLSearchParams, base: string): string {
  if (!query.has('subscriber:identifier')) return patientIn(query, base);
  if (query.has('patient'))
    throw new Problem('invalid', 'Only one of patient and subscriber:identifier may be given');
  return fromIdentifier(onlyOf(query, 'subscriber:identifier')) ?? '';
}

function onlyOf(query: URLSearchParams, name: string): string {
  const [value = '', ...others] = query.getAll(name);
  if (value === '' || others.length > 0)
    throw new Problem('invalid', `The parameter ${name} is needed, once`);
  return value;
}

/** A token value: the number alone or with its system before a bar. Undefined for another system, which holds no one here. */
function fromIdentifier(value: string): string | undefined {
  const bar = value.indexOf('|');
  if (bar < 0) return value;
  return value.slice(0, bar) === nhsNumberSystem ? value.slice(bar + 1) : undefined;
}

function mediaType(text: string): string {
  // A plus sign in a query may have come as a blank.
  const [type = ''] = text.split(';', 1);
  return type.trim().toLowerCase().replace(' ', '+');
}

function unknownParameter(name: string): string {
  const shown = name.replaceAll(/[^\w:.-]/g, '?').slice(0, longestQuoted);
  return `The parameter '${shown}' is not supported here`;
}

function notAcceptable(): Problem {
  return new Problem('not-acceptable', 'Answers come as application/fhir+json');
}
