/**
 * How entries are kept and found again: the collection, its ids, and the keys of each index. A search asks for the same
 * keys (search-plan.ts); what is found is held against the whole filter, so a key may find too much but never too little.
 */
import { createHash } from 'node:crypto';
import type { CollectionOf, Key } from '../../core/store.ts';
import type { Entry } from './directory.ts';
import { normalDn, normalRdns } from './dn.ts';
import { comparable } from './schema.ts';
import { structuralClass } from './schema-check.ts';

/** Entries by comparable name. */
export const directoryCollection: CollectionOf<Entry> = {
  name: 'spine.directory',
  overlaid: true,
  keys: keysOf,
};

/** The id of an entry by its comparable name. */
export function idOf(normal: string): string {
  return normal.length <= 300 ? normal : `#${digest(normal)}`;
}

/** The comparable name of a stored entry. */
export function nameOf(id: string, entry: Entry): string {
  return id.startsWith('#') ? normalDn(entry.dn) : id;
}

/** Parts of keys as they are written and asked for. */
export const keyPart = {
  /** Compared without case: party keys, ids, suppliers. */
  ignoring: (value: string) => short(comparable('ignore', value)),
  /** Compared with case: ODS codes, interactions. */
  exact: (value: string) => short(comparable('exact', value)),
  /** A structural class. */
  kind: (name: string) => name.toLowerCase(),
  /** The host of a name or address, in whatever form it was written. */
  host: (value: string) => short(hostOf(value)),
};

/** The key of a place in the tree: its relative names from the root down. */
export function treeKey(dn: string): Key {
  return [...normalRdns(dn)].reverse().map(short);
}

/** The host in a name that may carry a scheme, a port or a path; lower case. */
export function hostOf(value: string): string {
  const bare = value
    .trim()
    .toLowerCase()
    .replace(/^[a-z][a-z\d+.-]*:\/\//, '');
  return (bare.split(/[/?#]/, 1)[0] ?? '').replace(/:\d+$/, '');
}

/** Entries of these classes are organisations. */
export const organisationClasses: ReadonlySet<string> = new Set([
  'nhsOrg',
  'nhsSite',
  'nhsDept',
  'nhsGPPractice',
]);

function keysOf(entry: Entry): Record<string, Key[]> {
  const { attributes } = entry;
  const kind = structuralClass(entry);
  const of = (name: string) => attributes[name] ?? [];
  const [ods] = of('nhsIDCode').map(keyPart.exact);
  const [party] = of('nhsMHSPartyKey').map(keyPart.ignoring);
  const received = of('nhsMhsSvcIA').map(keyPart.exact);
  const interactions = [...of('nhsAsSvcIA').map(keyPart.exact), ...received];
  const [code] = organisationClasses.has(kind) ? of('uniqueIdentifier') : [];
  return {
    tree: [treeKey(entry.dn)],
    ods: ods === undefined ? [] : [[ods, keyPart.kind(kind)]],
    party: party === undefined ? [] : [[party, keyPart.kind(kind)]],
    interaction: interactions.map((one) => [one, ods ?? '']),
    contract: party === undefined ? [] : received.map((one) => [party, one]),
    identifier: identifiers.flatMap(of).map((id) => [keyPart.ignoring(id)]),
    fqdn: of('nhsMhsFQDN').map((name) => [keyPart.host(name)]),
    supplier: of('nhsMhsManufacturerOrg').map((one) => [keyPart.ignoring(one), keyPart.kind(kind)]),
    organisation: code === undefined ? [] : [[keyPart.exact(code)]],
  };
}

/** What an entry may be called by; one index for all. */
export const identifiers: readonly string[] = ['uniqueIdentifier', 'uid', 'nhsMhsCPAId'];

/** Long values are told apart by their digests. */
function short(part: string): string {
  return part.length <= 200 ? part : `${part.slice(0, 100)}#${digest(part)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
