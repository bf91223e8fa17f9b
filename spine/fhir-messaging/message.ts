/**
 * A message as it comes: a bare Bundle with what is wished in the query, or Parameters. Owns what is read and checked of it
 * before anybody asks whether it is new: form, shape, and the rules between members (FHIR R4, Messaging and Bundle).
 */
import type { Exchange } from '../../core/exchange.ts';
import { JsonFault, parseJson } from '../../core/json.ts';
import { Problem } from '../../core/problem.ts';
import { isNhsNumber, nhsNumberSystem } from '../../fhir/identifiers.ts';
import { fhirJson } from '../../fhir/outcome.ts';
import {
  bundleFaults,
  firstResource,
  headerFaults,
  type Header,
  type MessageBundle,
  type Reference,
  type Resource,
} from './bundle-shape.ts';
import type { EventName } from './events.ts';
import { refusedFor, type MessageFault } from './refusals.ts';

export interface Message {
  /** The Bundle as text, exactly as it goes on. */
  readonly text: string;
  readonly bundle: string;
  readonly header: Header;
  readonly event: EventName;
  /** Whom it is about: NHS numbers. */
  readonly people: readonly string[];
  readonly async: boolean;
  readonly responseUrl?: string;
  /** A resource of the Bundle that a reference names. */
  resolve(reference: Reference): Resource | undefined;
}

/** Bytes; more is for documents, which have other ways. */
const mostBytes = 5 * 1024 * 1024;
const limits = { depth: 100, members: 200_000 };
const types = [fhirJson, 'application/json'];

/** @throws Problem 400, 413, 415, 422 with an issue for each fault */
export async function readMessage(exchange: Exchange): Promise<Message> {
  const { headers, query, body } = exchange;
  const type = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  if (!types.includes(type.trim().toLowerCase()))
    throw new Problem(
      'unsupported',
      `Content-Type: expected ${types.join(' or ')}, and found another`,
    );
  const bytes = await body.bytes(mostBytes);
  const value = parsed(bytes);
  const given = isResource(value, 'Parameters')
    ? fromParameters(value, query)
    : fromQuery(value, query);
  const bundle = checkedBundle(given.content);
  const header = checkedHeader(bundle);
  const text = given.content === value ? bytes.toString('utf8') : JSON.stringify(given.content);
  return {
    ...{ text, header, bundle: bundle.id, event: eventOf(header), people: peopleIn(bundle) },
    async: given.async,
    ...(given.responseUrl === undefined ? {} : { responseUrl: given.responseUrl }),
    resolve: (reference) => resolver(bundle)(reference.reference ?? ''),
  };
}

function parsed(bytes: Buffer): unknown {
  try {
    return parseJson(bytes, limits);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const where = error.path === '' ? 'Bundle' : error.path;
    const text = `Expected sound JSON in UTF-8, and found a fault of kind ${error.kind}`;
    throw refusedFor('invalid', [{ code: 'structure', at: where, text }]);
  }
}

interface Given {
  readonly content: unknown;
  readonly async: boolean;
  readonly responseUrl?: string;
}

function fromQuery(content: unknown, query: URLSearchParams): Given {
  const [async, url] = [query.get('async'), query.get('response-url')];
  const isWrong = async !== null && async !== 'true' && async !== 'false';
  if (isWrong) throw parameterFault('async', 'expected true or false, and found another value');
  return { content, async: async === 'true', ...(url === null ? {} : { responseUrl: urlOf(url) }) };
}

function fromParameters({ parameter }: Resource, query: URLSearchParams): Given {
  for (const name of ['async', 'response-url'])
    if (query.has(name))
      throw parameterFault(
        name,
        'expected in the Parameters that are sent, and found in the query',
      );
  const all = (Array.isArray(parameter) ? parameter : []) as readonly unknown[];
  const named = (name: string) => all.filter((one) => isObject(one) && one.name === name);
  for (const name of ['content', 'async', 'response-url'])
    if (named(name).length > 1) throw parameterFault(name, 'expected once, and found several');
  const member = (name: string, value: string): unknown => {
    const [one] = named(name);
    return isObject(one) ? one[value] : undefined;
  };
  const content = member('content', 'resource');
  if (content === undefined) throw parameterFault('content', 'expected a Bundle, and found none');
  const async = member('async', 'valueBoolean') ?? false;
  if (typeof async !== 'boolean') throw parameterFault('async', 'expected a valueBoolean');
  const url = member('response-url', 'valueUrl') ?? member('response-url', 'valueUri');
  if (url === undefined) return { content, async };
  if (typeof url !== 'string') throw parameterFault('response-url', 'expected a valueUrl');
  return { content, async, responseUrl: urlOf(url) };
}

function urlOf(text: string): string {
  if (text !== '' && text.length <= 2048 && !/\s/.test(text)) return text;
  throw parameterFault('response-url', 'expected an address of at most 2048 characters');
}

function parameterFault(name: string, told: string): Problem {
  return refusedFor('invalid', [{ code: 'value', at: `Parameters.${name}`, text: `${name}: ${told}` }]); // prettier-ignore
}

function checkedBundle(value: unknown): MessageBundle {
  const faults = bundleFaults(value);
  if (faults.length > 0) throw refusedFor('invalid', faults);
  return value as MessageBundle; // its schema has just been asked
}

function checkedHeader(bundle: MessageBundle): Header {
  const first = bundle.entry[0]?.resource;
  if (first?.resourceType !== 'MessageHeader')
    throw refusedFor('unprocessable', [
      {
        ...{ code: 'invariant', at: firstResource },
        text: 'The first entry of a message: expected a MessageHeader, and found another resource',
      },
    ]);
  const faults = headerFaults(first);
  if (faults.length > 0) throw refusedFor('unprocessable', faults);
  const header = first as unknown as Header; // its schema has just been asked
  const broken = [...eventFaults(header), ...focusFaults(bundle, header), ...urlFaults(bundle)];
  const all = [...broken, ...numberFaults(bundle)];
  if (all.length > 0) throw refusedFor('unprocessable', all);
  return header;
}

function eventFaults({ eventCoding, eventUri }: Header): readonly MessageFault[] {
  if ((eventCoding === undefined) !== (eventUri === undefined)) return [];
  const found = eventCoding ? 'both' : 'neither';
  const text = `The event: expected one of eventCoding and eventUri, and found ${found}`;
  return [{ code: 'required', at: `${firstResource}.event`, text }];
}

function eventOf({ eventCoding, eventUri = '' }: Header): EventName {
  return eventCoding ?? eventUri;
}

/** All that the header speaks of must be there. */
function focusFaults(bundle: MessageBundle, { focus = [] }: Header): readonly MessageFault[] {
  const find = resolver(bundle);
  return focus.flatMap(({ reference = '' }, n) => {
    if (find(reference)) return [];
    const text = `focus ${n + 1}: expected its resource in the Bundle, and found none`;
    return [{ code: 'not-found' as const, at: `${firstResource}.focus[${n}]`, text }];
  });
}

function urlFaults({ entry }: MessageBundle): readonly MessageFault[] {
  const seen = new Set<string>();
  return entry.flatMap(({ fullUrl }, n) => {
    if (fullUrl === undefined || !seen.has(fullUrl)) {
      if (fullUrl !== undefined) seen.add(fullUrl);
      return [];
    }
    const text = 'fullUrl: expected another in each entry, and found one twice (bdl-7)';
    return [{ code: 'invariant' as const, at: `Bundle.entry[${n}].fullUrl`, text }];
  });
}

/** References are the `fullUrl` of an entry, or type and id below one, or alone. */
function resolver({ entry }: MessageBundle): (reference: string) => Resource | undefined {
  const found = new Map<string, Resource>();
  for (const { fullUrl, resource } of entry) {
    if (!resource) continue;
    if (resource.id !== undefined) found.set(`${resource.resourceType}/${resource.id}`, resource);
    if (fullUrl !== undefined) found.set(fullUrl, resource);
  }
  return (reference) => found.get(reference.replace(/\/_history\/[^/]*$/, ''));
}

function numberFaults({ entry }: MessageBundle): readonly MessageFault[] {
  return entry.flatMap(({ resource }, n) => {
    if (!resource || numbersIn(resource).every(isNhsNumber)) return [];
    const text = 'An NHS number: expected ten digits with a sound check digit, and found another';
    return [{ code: 'value' as const, at: `Bundle.entry[${n}].resource`, text }];
  });
}

function peopleIn({ entry }: MessageBundle): readonly string[] {
  return [...new Set(entry.flatMap(({ resource }) => (resource ? numbersIn(resource) : [])))];
}

/** Wherever they stand: as identifiers of patients, or within references. The depth of what is sent is bounded. */
function numbersIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(numbersIn);
  if (!isObject(value)) return [];
  const inner = Object.values(value).flatMap(numbersIn);
  const isNumber = value.system === nhsNumberSystem && typeof value.value === 'string';
  return isNumber ? [String(value.value), ...inner] : inner;
}

function isResource(value: unknown, type: string): value is Resource {
  return isObject(value) && value.resourceType === type;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
