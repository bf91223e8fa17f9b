/**
 * Compares, adds, changes and removes entries over the directory, with the protocol's own result for each refusal
 * (RFC 4511 4.6-4.10). Owns what a change makes of an entry; whether the result fits the schema is the directory's to say.
 */
import { Problem } from '../../core/problem.ts';
import type { Directory, Entry } from './directory.ts';
import { containers } from './directory-tree.ts';
import { namingOf, normalDn } from './dn.ts';
import { matches } from './filter-match.ts';
import { LdapRefusal, outcomeOf, success, type CodeName, type Outcome } from './ldap-codes.ts';
import type { AddRequest, Attribute, CompareRequest, ModifyRequest } from './ldap-message.ts';
import { nearest } from './ldap-search.ts';
import { attributeType, comparable, type AttributeType } from './schema.ts';

/** Each gives how it ended and throws only for faults of ours. */
export interface Writes {
  compare(request: CompareRequest): Promise<Outcome>;
  add(request: AddRequest, by: string): Promise<Outcome>;
  modify(request: ModifyRequest, by: string): Promise<Outcome>;
  remove(dn: string, by: string): Promise<Outcome>;
}

export function createWrites(directory: Directory): Writes {
  // A change reads an entry and replaces it: two at once would lose one.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    compare: (request) => told(request.dn, directory, () => compare(request, directory)),
    add: (request, by) =>
      told(
        request.dn,
        directory,
        async () => {
          await directory.add(toEntry(request), by);
          return success;
        },
        { conflict: 'entryAlreadyExists', invalid: 'objectClassViolation' },
      ),
    modify: (request, by) =>
      inTurn(() =>
        told(
          request.dn,
          directory,
          async () => {
            refuseContainer(request.dn);
            await directory.replace(changed(await found(request.dn, directory), request), by);
            return success;
          },
          { invalid: 'objectClassViolation' },
        ),
      ),
    remove: (dn, by) =>
      inTurn(() =>
        told(
          dn,
          directory,
          async () => {
            refuseContainer(dn);
            await directory.remove(dn, by);
            return success;
          },
          { conflict: 'notAllowedOnNonLeaf' },
        ),
      ),
  };
}

/** Runs a piece of work and tells its refusals; a name that cannot be read is refused before. */
async function told(
  dn: string,
  directory: Directory,
  work: () => Promise<Outcome>,
  instead: Partial<Readonly<Record<Problem['kind'], CodeName>>> = {},
): Promise<Outcome> {
  try {
    namingOf(dn);
  } catch (error) {
    return outcomeOf(Problem.from(error));
  }
  try {
    return await work();
  } catch (error) {
    if (error instanceof LdapRefusal) return error.outcome;
    const outcome = outcomeOf(Problem.from(error), instead);
    if (outcome.code === 'other') throw error;
    if (outcome.code !== 'noSuchObject') return outcome;
    return { ...outcome, matchedDn: await nearest(dn, directory) };
  }
}

function refuseContainer(dn: string): void {
  if (containers.has(normalDn(dn)))
    throw new LdapRefusal('unwillingToPerform', 'This entry is always there');
}

async function compare(
  { dn, attribute, value }: CompareRequest,
  directory: Directory,
): Promise<Outcome> {
  const entry = await found(dn, directory);
  const type = known(attribute);
  if (type.rule === 'none')
    throw new LdapRefusal('inappropriateMatching', 'Values of this attribute do not compare');
  if (entry.attributes[type.name] === undefined) throw lacking();
  const same = matches({ kind: 'equal', attribute, value }, entry);
  return { code: same ? 'compareTrue' : 'compareFalse', message: '' };
}

async function found(dn: string, directory: Directory): Promise<Entry> {
  const entry = await directory.entry(dn);
  if (entry) return entry;
  throw new Problem('not-found', 'There is no such entry');
}

function toEntry({ dn, attributes }: AddRequest): Entry {
  const values = new Map<string, readonly string[]>();
  for (const { type: name, values: given } of attributes) {
    const type = known(name);
    if (values.has(type.name)) throw existing();
    refuseRepeated(type, given);
    values.set(type.name, given);
  }
  return { dn, attributes: Object.fromEntries(values) };
}

/** The entry with all changes made, in their order. */
function changed(entry: Entry, { changes }: ModifyRequest): Entry {
  const values = new Map(Object.entries(entry.attributes));
  for (const change of changes) {
    const type = known(change.type);
    const left = afterChange[change.kind](type, values.get(type.name) ?? [], change);
    if (left.length === 0) values.delete(type.name);
    else values.set(type.name, left);
  }
  for (const { attribute, value } of namingOf(entry.dn)) {
    const type = known(attribute);
    if (!holds(type, values.get(type.name) ?? [], value, 'ignore'))
      throw new LdapRefusal('notAllowedOnRDN', 'An entry keeps the value it is named by');
  }
  return { ...entry, attributes: Object.fromEntries(values) };
}

type Change = (
  type: AttributeType,
  present: readonly string[],
  change: Attribute,
) => readonly string[];

/** The values that an attribute has after a change. */
const afterChange: Readonly<Record<'add' | 'delete' | 'replace', Change>> = {
  add(type, present, { values }) {
    if (values.length === 0) throw new LdapRefusal('protocolError', 'Nothing is added');
    const all = [...present, ...values];
    refuseRepeated(type, all);
    return all;
  },
  delete(type, present, { values }) {
    const missing = values.some((value) => !holds(type, present, value));
    if (missing || present.length === 0) throw lacking();
    return values.length === 0 ? [] : present.filter((one) => !holds(type, values, one));
  },
  replace(type, _present, { values }) {
    refuseRepeated(type, values);
    return values;
  },
};

function known(name: string): AttributeType {
  const type = attributeType(name);
  if (type) return type;
  throw new LdapRefusal('undefinedAttributeType', 'An attribute is not in the schema');
}

function holds(
  type: AttributeType,
  values: readonly string[],
  value: string,
  rule = type.rule,
): boolean {
  const wanted = comparable(rule, value);
  return values.some((one) => comparable(rule, one) === wanted);
}

function refuseRepeated({ rule }: AttributeType, values: readonly string[]): void {
  if (new Set(values.map((value) => comparable(rule, value))).size < values.length)
    throw existing();
}

const existing = () => new LdapRefusal('attributeOrValueExists', 'A value is there already');
const lacking = () => new LdapRefusal('noSuchAttribute', 'The entry has no such value');
