/**
 * Criteria of subscriptions: `eventType=x`, and `AND key='value'` for more. Owns the grammar, which terms an event type has,
 * and whether an event meets them; finding the subscriptions to ask is matching.ts's.
 */
import { eventType, isFilter, organisationKey } from './event-types.ts';

export interface Criteria {
  readonly type: string;
  readonly terms: readonly Term[];
}

export interface Term {
  readonly key: string;
  readonly value: string;
}

/** What is matched; removed before an event is delivered. */
export type Filtering = Readonly<Record<string, FilterValue | readonly FilterValue[]>>;
export type FilterValue = string | number | boolean;

const longest = 1_000;
const mostTerms = 20;

/** `key=value` or `key='value'`; a value without quotes is a word. */
const term = /([A-Za-z][A-Za-z0-9_]{0,63})=(?:'([^']{1,200})'|([\w.-]{1,200}))/y;
const and = / +AND +/y;

/** @returns the criteria, or what is wrong with them in a sentence that can follow a colon */
export function readCriteria(text: string): Criteria | { readonly fault: string } {
  const terms = text.length <= longest ? termsOf(text) : undefined;
  const [first, ...others] = terms ?? [];
  if (first?.key !== 'eventType')
    return { fault: "eventType='x', then AND key='value' for each further filter" };
  const type = eventType(first.value);
  if (!type) return { fault: 'there is no such event type' };
  const unknown = others.find(({ key }) => !isFilter(type, key));
  if (unknown) return { fault: `${first.value} is not filtered by ${unknown.key}` };
  if (new Set(others.map(({ key }) => key)).size < others.length)
    return { fault: 'each filter may be given once' };
  return { type: first.value, terms: others };
}

function termsOf(text: string): readonly Term[] | undefined {
  const terms: Term[] = [];
  let at = 0;
  const next = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (terms.length < mostTerms) {
    const found = next(term);
    if (!found) return undefined;
    terms.push({ key: found[1] ?? '', value: found[2] ?? found[3] ?? '' });
    if (at === text.length) return terms;
    if (!next(and)) return undefined;
  }
  return undefined;
}

/** The same for criteria that ask the same, however they are written. */
export function canonical({ type, terms }: Criteria): string {
  const others = terms.map(({ key, value }) => `${key}='${value}'`).toSorted();
  return [`eventType='${type}'`, ...others].join(' AND ');
}

/** Whether criteria ask for the supplier of an organisation, which must be looked up. */
export function asksSupplier({ terms }: Criteria): boolean {
  return terms.some(({ key }) => organisationKey(key) !== undefined);
}

/** Whether an event of the type has what all terms ask for. */
export function meets({ terms }: Criteria, filtering: Filtering): boolean {
  return terms.every(({ key, value }) => {
    const held = Object.hasOwn(filtering, key) ? filtering[key] : undefined;
    if (held === undefined) return false;
    return Array.isArray(held) ? held.some((one) => String(one) === value) : String(held) === value;
  });
}
