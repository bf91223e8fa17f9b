/**
 * Reads LDAP messages (RFC 4511 4.1.1): the envelope first, whose faults end the connection, then the operation, whose
 * faults are answered. Owns the requests' shapes; answers are written by ldap-answer.ts.
 */
import { Problem } from '../../core/problem.ts';
import { BerReader, berFault, tags } from './ber.ts';
import type { Filter, Scope } from './directory.ts';
import { readFilter } from './ldap-filter.ts';

/** Bytes of a message, with its tag and length. */
export const longestMessage = 64 * 1024;

/** Protocol operations, by their tag. */
export const requests = {
  bind: 0x60,
  unbind: 0x42,
  search: 0x63,
  modify: 0x66,
  add: 0x68,
  delete: 0x4a,
  modifyDn: 0x6c,
  compare: 0x6e,
  abandon: 0x50,
  extended: 0x77,
} as const;

export type RequestKind = keyof typeof requests;

/** A control of a request (RFC 4511 4.1.11). */
export interface Control {
  readonly type: string;
  readonly critical: boolean;
  readonly value?: Buffer;
}

/** A message whose operation has not been looked into. */
export interface Envelope {
  readonly id: number;
  readonly kind: RequestKind;
  readonly operation: BerReader;
  readonly controls: readonly Control[];
}

export interface BindRequest {
  readonly version: number;
  readonly dn: string;
  readonly method:
    | { readonly kind: 'simple'; readonly hasPassword: boolean }
    | { readonly kind: 'sasl'; readonly mechanism: string }
    | { readonly kind: 'other' };
}

export interface SearchRequest {
  readonly base: string;
  readonly scope: Scope;
  /** 0: none given. */
  readonly sizeLimit: number;
  /** Seconds; 0: none given. */
  readonly timeLimit: number;
  readonly typesOnly: boolean;
  readonly filter: Filter;
  /** As sent. */
  readonly attributes: readonly string[];
}

export interface Attribute {
  readonly type: string;
  readonly values: readonly string[];
}

export interface CompareRequest {
  readonly dn: string;
  readonly attribute: string;
  readonly value: string;
}

export interface AddRequest {
  readonly dn: string;
  readonly attributes: readonly Attribute[];
}

export interface ModifyRequest {
  readonly dn: string;
  readonly changes: readonly (Attribute & { readonly kind: 'add' | 'delete' | 'replace' })[];
}

export interface ExtendedRequest {
  readonly name: string;
  readonly hasValue: boolean;
}

const kinds = new Map<number, RequestKind>(
  Object.entries(requests).map(([kind, tag]) => [tag, kind as RequestKind]), // `requests` is a constant
);

const mostControls = 16;

/** @throws Problem `invalid` for what is no message: then nothing that follows on the connection can be trusted. */
export function readEnvelope(bytes: Buffer): Envelope {
  const all = new BerReader(bytes);
  const message = all.within(tags.sequence);
  all.finish();
  const id = message.integer();
  if (id <= 0) throw berFault('A message has no number');
  const kind = kinds.get(message.next ?? 0);
  if (kind === undefined) throw berFault('A message holds no request');
  const operation = operationOf(message, kind);
  const controls = message.next === 0xa0 ? readControls(message.within(0xa0)) : [];
  return { id, kind, operation, controls };
}

/** Three requests are one value each: that is handed on with its tag. */
function operationOf(message: BerReader, kind: RequestKind): BerReader {
  if (kind !== 'unbind' && kind !== 'abandon' && kind !== 'delete')
    return message.within(requests[kind]);
  return message.whole();
}

function readControls(list: BerReader): Control[] {
  const controls: Control[] = [];
  while (!list.done) {
    if (controls.length === mostControls) throw berFault('A message has too many controls');
    const control = list.within(tags.sequence);
    const type = control.text();
    const critical = control.next === tags.boolean ? control.boolean() : false;
    const value = control.done ? undefined : control.octets();
    control.finish();
    controls.push({ type, critical, ...(value === undefined ? {} : { value }) });
  }
  return controls;
}

/** @throws Problem `invalid`, as each reader below. */
export function readBind(operation: BerReader): BindRequest {
  const version = operation.integer();
  const dn = operation.text();
  const method = methodOf(operation);
  return { version, dn, method };
}

function methodOf(operation: BerReader): BindRequest['method'] {
  if (operation.next === 0x80)
    return { kind: 'simple', hasPassword: operation.octets(0x80).length > 0 };
  if (operation.done) throw berFault('A bind says not how');
  if (operation.next !== 0xa3) return { kind: 'other' };
  return { kind: 'sasl', mechanism: operation.within(0xa3).text() };
}

const scopes: readonly Scope[] = ['base', 'one', 'sub'];

/** @throws Problem `invalid`; LdapRefusal for a filter beyond its limits */
export function readSearch(operation: BerReader): SearchRequest {
  const base = operation.text();
  const scope = scopes[operation.integer(tags.enumerated)];
  if (scope === undefined) throw berFault('There is no such scope');
  operation.integer(tags.enumerated); // aliases: there are none here
  const [sizeLimit, timeLimit] = [operation.integer(), operation.integer()];
  if (sizeLimit < 0 || timeLimit < 0) throw berFault('A limit is below zero');
  const typesOnly = operation.boolean();
  const filter = readFilter(operation);
  const attributes = readTexts(operation.within(tags.sequence));
  operation.finish();
  return { base, scope, sizeLimit, timeLimit, typesOnly, filter, attributes };
}

/** The message that is to be stopped. */
export function readAbandon(operation: BerReader): number {
  return operation.integer(requests.abandon);
}

/** The name of the entry that is to go. */
export function readDelete(operation: BerReader): string {
  return operation.text(requests.delete);
}

export function readCompare(operation: BerReader): CompareRequest {
  const dn = operation.text();
  const assertion = operation.within(tags.sequence);
  return { dn, attribute: assertion.text(), value: assertion.text() };
}

export function readAdd(operation: BerReader): AddRequest {
  const dn = operation.text();
  const list = operation.within(tags.sequence);
  const attributes: Attribute[] = [];
  while (!list.done) {
    const attribute = readAttribute(list.within(tags.sequence));
    if (attribute.values.length === 0) throw berFault('An attribute has no values');
    attributes.push(attribute);
  }
  return { dn, attributes };
}

const changeKinds = ['add', 'delete', 'replace'] as const;

export function readModify(operation: BerReader): ModifyRequest {
  const dn = operation.text();
  const list = operation.within(tags.sequence);
  const changes: (Attribute & { kind: 'add' | 'delete' | 'replace' })[] = [];
  while (!list.done) {
    const change = list.within(tags.sequence);
    const kind = changeKinds[change.integer(tags.enumerated)];
    if (kind === undefined) throw berFault('There is no such change');
    changes.push({ kind, ...readAttribute(change.within(tags.sequence)) });
  }
  return { dn, changes };
}

export function readExtended(operation: BerReader): ExtendedRequest {
  const name = operation.text(0x80);
  return { name, hasValue: operation.next === 0x81 };
}

function readAttribute(attribute: BerReader): Attribute {
  const type = attribute.text();
  const values = readTexts(attribute.within(tags.set));
  attribute.finish();
  return { type, values };
}

function readTexts(list: BerReader): string[] {
  const texts: string[] = [];
  while (!list.done) texts.push(list.text());
  return texts;
}

/** Whether a fault is one of form rather than of the directory. */
export function isBerFault(error: unknown): error is Problem {
  return error instanceof Problem && error.code === 'BER';
}
