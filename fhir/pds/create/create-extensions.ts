/**
 * The extensions of a new Patient (pds-fhir 4.3, "create only"): the registering authority, which must be there, those
 * that are kept, and those that are taken and not kept.
 */
import type { Extension } from 'fhir/r4.js';
import { additionalProperties } from '../errors.ts';
import { extensionUrls } from '../fields/extensions.ts';
import { extensionOf } from '../fields/field-rules-extensions.ts';
import {
  codeOf,
  isFields,
  objectOf,
  textOf,
  wrong,
  type Fields,
  type Rules,
} from '../fields/field-rules-values.ts';
import { at, itemsOf, onlyOf, optional, present } from '../fields/members.ts';

/** Which extensions an operation knows. */
export interface Known {
  /** Must be there, each once. */
  readonly needed: readonly string[];
  /** Kept in the record. */
  readonly kept: readonly string[];
  /** Checked in form and not kept. */
  readonly taken: readonly string[];
}

/**
 * The extensions that are kept. Throws MISSING_VALUE when there is no list, INVALID_VALUE with the list when one is
 * needed and absent or when one stands there twice, INVALID_VALUE with the url of an unknown one.
 */
export function newExtensionsOf(
  value: unknown,
  path: string,
  known: Known,
  rules: Rules,
): Extension[] {
  const items = itemsOf(value, path, 1, 20);
  const urls = items.map((item, i) => urlOf(item, at(path, i), known));
  const complete = known.needed.every((url) => urls.includes(url));
  if (!complete || new Set(urls).size < urls.length) throw wrong(value, path);
  return items.flatMap((item, i) => {
    const where = at(path, i);
    if (known.kept.includes(urls[i] ?? '')) return [extensionOf(item, where, rules)];
    if (urls[i] === extensionUrls.registeringAuthority) checkAuthority(item, where);
    else checkTaken(item, where, 0);
    return [];
  });
}

function urlOf(item: unknown, path: string, { needed, kept, taken }: Known): string {
  if (!isFields(item)) throw wrong(item, path);
  const url = present(item, 'url', path);
  if (typeof url === 'string' && [...needed, ...kept, ...taken].includes(url)) return url;
  throw wrong(url, at(path, 'url'));
}

const authorityTypes = 'a b c d e f g h i j k l m n o p q r s t u v w x 1'.split(' ');

/** Who asks for the number: a type and a code of the organisation, exactly one of each. */
function checkAuthority(item: unknown, path: string): void {
  const fields = objectOf(item, path, ['url', 'extension']);
  const parts = itemsOf(present(fields, 'extension', path), at(path, 'extension'), 2, 2);
  const seen = parts.map((part, i) => checkAuthorityPart(part, at(path, `extension/${i}`)));
  if (new Set(seen).size < 2) throw wrong(seen[1], at(path, 'extension/1/url'));
}

function checkAuthorityPart(item: unknown, path: string): string {
  const part = objectOf(item, path, ['url', 'valueCodeableConcept', 'valueString']);
  const url = codeOf(present(part, 'url', path), at(path, 'url'), [
    'registeringAuthorityType',
    'organisationIdentifier',
  ]);
  if (url === 'organisationIdentifier') {
    objectOf(item, path, ['url', 'valueString']);
    const code = textOf(present(part, 'valueString', path), at(path, 'valueString'), 15);
    if (code.length < 2) throw wrong(code, at(path, 'valueString'));
    return url;
  }
  objectOf(item, path, ['url', 'valueCodeableConcept']);
  const where = at(path, 'valueCodeableConcept');
  const concept = objectOf(present(part, 'valueCodeableConcept', path), where, ['coding', 'text']);
  checkText(concept, 'text', where);
  const coding = onlyOf(present(concept, 'coding', where), at(where, 'coding'));
  checkAuthorityType(coding, at(where, 'coding/0'));
  return url;
}

function checkAuthorityType(value: unknown, path: string): void {
  const coding = objectOf(value, path, codingMembers);
  const system = present(coding, 'system', path);
  codeOf(system, at(path, 'system'), [
    'https://fhir.nhs.uk/CodeSystem/UKCore-RegisteringAuthorityType',
  ]);
  codeOf(present(coding, 'code', path), at(path, 'code'), authorityTypes);
  for (const name of ['version', 'display']) checkText(coding, name, path);
}

// ---- what is taken and not kept ----

const codingMembers = ['system', 'version', 'code', 'display'];
const addressMembers = ['text', 'city', 'district', 'country'];
const deepest = 4;

/** The form of an extension that nothing is kept of: known members, texts without control characters, no deep nesting. */
function checkTaken(item: unknown, path: string, depth: number): void {
  if (depth > deepest) throw wrong(item, path);
  if (!isFields(item)) throw wrong(item, path);
  textOf(present(item, 'url', path), at(path, 'url'), 200);
  const unknown = Object.keys(item).filter((name) => !takenMembers.has(name));
  if (unknown.length > 0) throw additionalProperties(unknown.slice(0, 20));
  for (const [name, check] of takenMembers) {
    const value = optional(item, name);
    if (value !== undefined) check(value, at(path, name), depth);
  }
}

const takenMembers = new Map<string, (value: unknown, path: string, depth: number) => void>([
  ['url', (value, path) => textOf(value, path, 200)],
  ['valueString', (value, path) => textOf(value, path, 255)],
  ['valueCode', (value, path) => textOf(value, path, 50)],
  ['valueDateTime', (value, path) => textOf(value, path, 35)],
  ['valueBoolean', checkBoolean],
  ['valueCoding', checkCoding],
  ['valueCodeableConcept', checkConcept],
  ['valueAddress', checkAddress],
  [
    'extension',
    (value, path, depth) => {
      itemsOf(value, path, 1, 10).forEach((part, i) => {
        checkTaken(part, at(path, i), depth + 1);
      });
    },
  ],
]);

function checkBoolean(value: unknown, path: string): void {
  if (typeof value !== 'boolean') throw wrong(value, path);
}

function checkConcept(value: unknown, path: string): void {
  const concept = objectOf(value, path, ['coding', 'text']);
  checkText(concept, 'text', path);
  const codings = itemsOf(present(concept, 'coding', path), at(path, 'coding'), 1, 5);
  codings.forEach((coding, i) => {
    checkCoding(coding, at(path, `coding/${i}`));
  });
}

function checkCoding(value: unknown, path: string): void {
  const coding = objectOf(value, path, codingMembers);
  textOf(present(coding, 'code', path), at(path, 'code'), 50);
  for (const name of ['system', 'version', 'display']) checkText(coding, name, path);
}

function checkAddress(value: unknown, path: string): void {
  const address = objectOf(value, path, addressMembers);
  for (const name of addressMembers) checkText(address, name, path);
}

function checkText(fields: Fields, name: string, path: string): void {
  const value = optional(fields, name);
  if (value !== undefined) textOf(value, at(path, name), 255);
}
