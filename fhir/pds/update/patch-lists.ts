/**
 * The lists of a Patient after a PATCH (pds-fhir 3.2 to 3.4): each item that was added or changed is judged by its field's
 * rules, items that must be the only one of their kind are counted, and the server decides where a new one goes.
 * Items nobody touched stay as they are, however poor.
 */
import type {
  Address,
  ContactPoint,
  Extension,
  HumanName,
  PatientContact,
  Reference,
} from 'fhir/r4.js';
import type { Problem } from '../../../core/problem.ts';
import { forbiddenUpdate, invalidUpdate, invalidValueWith, tooManyValues } from '../errors.ts';
import { addressOf, currentUrl } from '../fields/field-rules-addresses.ts';
import {
  contactOf,
  isEmptyPractice,
  practiceOf,
  telecomOf,
} from '../fields/field-rules-contacts.ts';
import { extensionOf, kindOf } from '../fields/field-rules-extensions.ts';
import { nameOf } from '../fields/field-rules-names.ts';
import { isFields, shown, wrong, type Fields, type Rules } from '../fields/field-rules-values.ts';
import { same, type Tree } from './patch-apply.ts';
import { alreadyThere, statusOf } from './patch-guards.ts';
import { lists, type List } from './patch-form.ts';

/** What stands in each list. */
export interface Items {
  name: HumanName;
  address: Address;
  telecom: ContactPoint;
  contact: PatientContact;
  generalPractitioner: Reference;
  extension: Extension;
}

/** One item of a list after the patches: where it comes from, and how it now reads. */
export interface Judged<Item> {
  readonly item: Item;
  /** The item before; absent when it was added. */
  readonly origin?: Item;
  readonly changed: boolean;
  /** The five lines of an address, where some are blank. */
  readonly lines?: readonly string[];
}

/** The items of the working copy that were there before, each with what it was, and those replaced as a whole. */
export interface Tracks {
  readonly origins: Map<unknown, unknown>;
  readonly replaced: Set<unknown>;
}

/** Remembers where the items of a fresh copy come from. */
export function trackItems(before: Fields, copy: Tree): Tracks {
  const origins = new Map<unknown, unknown>();
  for (const list of lists) {
    const items: unknown = copy[list];
    const held: unknown = before[list];
    if (!Array.isArray(items) || !Array.isArray(held)) continue;
    for (const [i, item] of items.entries()) origins.set(item, held[i]);
  }
  return { origins, replaced: new Set() };
}

interface ListRule<Item> {
  read(
    value: unknown,
    path: string,
    rules: Rules,
    origin: Item | undefined,
    whole: boolean,
  ): { item: Item; lines?: readonly string[] };
  /** What an item may not change into something else: its use, or system and use. */
  kind(item: Item): string;
  /** The refusal when an added item is the second of its kind; undefined when there may be many. */
  second(item: Item): Problem | undefined;
  /** Where a new item goes: behind the last of the same or a lower rank. */
  rank(item: Item): number;
}

const exists = () => invalidValueWith('Cannot add a data item that already exists');
const addressRanks: readonly (string | undefined)[] = ['home', 'temp', 'billing', 'work'];

const rulesOf: { readonly [L in List]: ListRule<Items[L]> } = {
  name: {
    read: (value, path, rules) => ({ item: nameOf(value, path, rules) }),
    kind: ({ use }) => use ?? '',
    second: ({ use }) =>
      use === 'usual'
        ? forbiddenUpdate('multiple usual names cannot be added')
        : use === 'nickname'
          ? exists()
          : undefined,
    rank: ({ use }) => (use === 'usual' ? 0 : 1),
  },
  address: {
    read(value, path, rules, origin, whole) {
      const held = whole ? undefined : origin;
      const { address, lines } = addressOf(value, path, rules, held);
      return { item: address, ...(lines ? { lines } : {}) };
    },
    kind: ({ use }) => use ?? '',
    second: ({ use }) =>
      use === 'home' ? forbiddenUpdate('multiple home addresses cannot be added') : exists(),
    rank: ({ use }) => addressRanks.indexOf(use),
  },
  telecom: {
    read: (value, path, rules) => ({ item: telecomOf(value, path, rules) }),
    kind: ({ system, use }) => `${system ?? ''} ${use ?? ''}`,
    second: exists,
    rank: () => 0,
  },
  contact: {
    read: (value, path, rules) => ({ item: contactOf(value, path, rules) }),
    kind: () => '',
    second: () => undefined,
    rank: () => 0,
  },
  generalPractitioner: {
    read: (value, path, rules) => ({ item: practiceOf(value, path, rules) }),
    kind: () => '',
    second: () => invalidUpdate('cannot add multiple general practices'),
    rank: () => 0,
  },
  extension: {
    read: (value, path, rules, origin) => ({ item: extensionAfter(value, path, rules, origin) }),
    kind: ({ url }) => String(currentUrl(url)),
    second: ({ url }) => alreadyThere(url),
    rank: () => 0,
  },
};

/** The list after the patches, judged; items that come to nothing are gone, new ones stand where the server puts them. */
export function judgeList<L extends List>(
  list: L,
  copy: Tree,
  tracks: Tracks,
  rules: Rules,
): Judged<Items[L]>[] {
  const values: unknown = copy[list] ?? [];
  if (!Array.isArray(values)) throw wrong(values, list);
  const rule = rulesOf[list];
  checkIds(list, values, tracks);
  checkLength(list, values, tracks);
  const judged = values.flatMap((value: unknown, i): Judged<Items[L]>[] =>
    comesToNothing(list, value, tracks)
      ? []
      : [judgeItem(rule, value, `${list}/${i}`, tracks, rules)],
  );
  checkSingle(rule, judged);
  return inOrder(rule, judged);
}

function judgeItem<Item extends object>(
  rule: ListRule<Item>,
  value: unknown,
  path: string,
  { origins, replaced }: Tracks,
  rules: Rules,
): Judged<Item> {
  const origin = origins.get(value) as Item | undefined; // tracked from the same list of a Patient that was checked
  if (origin !== undefined && same(origin, value)) return { item: origin, origin, changed: false };
  const whole = replaced.has(value);
  const settled =
    origin !== undefined && !whole && isFields(value) && same(periodIn(origin), periodIn(value));
  const sent = settled ? withPeriod(value, undefined) : value;
  const { item: read, lines } = rule.read(sent, path, rules, origin, whole);
  const item = settled ? withPeriod(read, periodIn(origin)) : read;
  const detail = lines ? { lines } : {};
  if (origin === undefined) {
    refuseId(value);
    return { item, changed: true, ...detail };
  }
  if (rule.kind(origin) !== rule.kind(item)) throw useChanged(rule.kind(origin));
  return { item, origin, changed: !same(origin, item), ...detail };
}

const periodIn = (item: unknown) => (isFields(item) ? item.period : undefined);

/**
 * An item changed in part keeps the period it had: none where it had none, and one that today's rules would refuse.
 */
function withPeriod<Item extends object>(item: Item, period: unknown): Item {
  const whole = { ...item, period };
  if (period === undefined) Reflect.deleteProperty(whole, 'period');
  return whole;
}

function useChanged(kind: string): Problem {
  if (kindOf(kind) !== undefined || kind.includes('://'))
    return invalidValueWith('Cannot find sub-object for update');
  return invalidValueWith(
    'Update Failed - it is not permitted to change the use of name, address, telecom, patient care or relationship data. ' +
      'A new record should be inserted for the new use or an existing instance of the same use may be updated',
  );
}

// ---- object ids ----

/** The server makes the ids. */
function refuseId(value: unknown): void {
  if (isFields(value) && value.id !== undefined)
    throw invalidUpdate(`Data id should not be provided on addition with id=${shown(value.id)}`);
}

/** An item keeps its id: one given with a change must be that of the item under the index. */
function checkIds(list: List, values: readonly unknown[], { origins }: Tracks): void {
  if (list === 'extension') return;
  for (const [i, value] of values.entries()) {
    const origin = origins.get(value);
    if (!isFields(value) || !isFields(origin) || value.id === origin.id) continue;
    const { id } = value;
    if (id === undefined)
      throw invalidUpdate(`no id or url found for path with root /${list}/${i}`);
    const taken = values.some((other) => other !== value && isFields(other) && other.id === id);
    throw taken
      ? invalidUpdate(`multiple '${list}' resources assigned the same object id '${shown(id)}'`)
      : invalidUpdate(`no '${list}' resources with object id '${shown(id)}'`);
  }
}

// ---- how many ----

/** Names of some uses and contacts may be many; without an end to them one record could fill memory and disk. */
const mostItems = 100;

/** A record that holds more already may still be changed; it may not grow. */
function checkLength(list: List, values: readonly unknown[], { origins }: Tracks): void {
  if (values.length <= mostItems) return;
  const added = values.filter((value) => !origins.has(value));
  if (added.length > 0) throw tooManyValues(added.slice(0, 20), list);
}

// ---- extensions ----

function extensionAfter(
  value: unknown,
  path: string,
  rules: Rules,
  origin: Extension | undefined,
): Extension {
  if (origin && isFields(value) && kindOf(origin.url) === 'communication') {
    if (hasPart(origin, 'interpreterRequired') && !hasPart(value, 'interpreterRequired'))
      throw invalidUpdate('interpreterRequired cannot be removed');
  }
  const item = extensionOf(value, path, rules);
  const isDeath = kindOf(item.url) === 'death notification';
  // A notification that says what it said before was not set anew, so its date stays.
  return isDeath && origin && statusOf(origin) === statusOf(item) ? withDateOf(origin, item) : item;
}

function hasPart(extension: unknown, url: string): boolean {
  const parts: unknown = isFields(extension) ? extension.extension : undefined;
  return Array.isArray(parts) && parts.some((part) => isFields(part) && part.url === url);
}

function withDateOf(origin: Extension, item: Extension): Extension {
  const held = origin.extension?.find(({ url }) => url === 'systemEffectiveDate');
  const others = (item.extension ?? []).filter(({ url }) => url !== 'systemEffectiveDate');
  return { ...item, extension: held ? [...others, held] : others };
}

/** A practice without a code, and an extension all of whose parts were removed, are no item at all. */
function comesToNothing(list: List, value: unknown, { origins }: Tracks): boolean {
  const isNew = !origins.has(value);
  if (list === 'generalPractitioner') return isNew && isEmptyPractice(value);
  if (list !== 'extension' || isNew || !isFields(value)) return false;
  const kind = kindOf(value.url);
  const parts: unknown = value.extension;
  return (
    (kind === 'communication' || kind === 'contact preference') &&
    Array.isArray(parts) &&
    parts.length === 0
  );
}

// ---- one of each, and their order ----

/** An added item must not be the second of its kind. Old records that hold two are left alone. */
function checkSingle<Item>(rule: ListRule<Item>, judged: readonly Judged<Item>[]): void {
  const counts = new Map<string, number>();
  for (const { item } of judged) {
    const kind = rule.kind(item);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  for (const { item, origin } of judged) {
    if (origin !== undefined || (counts.get(rule.kind(item)) ?? 0) < 2) continue;
    const refusal = rule.second(item);
    if (refusal) throw refusal;
  }
}

function inOrder<Item>(rule: ListRule<Item>, judged: readonly Judged<Item>[]): Judged<Item>[] {
  const ordered = judged.filter(({ origin }) => origin !== undefined);
  for (const added of judged.filter(({ origin }) => origin === undefined)) {
    const rank = rule.rank(added.item);
    const last = ordered.findLastIndex(({ item }) => rule.rank(item) <= rank);
    ordered.splice(last + 1, 0, added);
  }
  return ordered;
}
