/**
 * The scopes of SMART App Launch 2.2: reading one, reading a list, granting asked against registered, and judging a
 * call by what was granted. Owns the grammar and the sums of scopes, not who may register or ask for what. Takes time
 * linear in each scope; inside, every scope is v2, and the v1 spelling is kept for the answer to whoever asked in it.
 */
import { Problem } from './problem.ts';

export type SmartLevel = 'patient' | 'user' | 'system';

/** Create, read, update, delete, search. */
export type SmartAction = 'c' | 'r' | 'u' | 'd' | 's';

/** Search parameters and values, all of which a resource must match. */
export type SmartFilter = readonly (readonly [name: string, value: string])[];

export interface SmartScope {
  readonly level: SmartLevel;
  /** A FHIR resource type, or `*` for all. */
  readonly type: string;
  /** A choice of the letters of `cruds`, in that order. */
  readonly actions: string;
  readonly filter: SmartFilter;
  /** Whether it was spelled the v1 way: `read`, `write`, `*`. */
  readonly v1: boolean;
}

/** Which search parameters of a type are enforced when they stand in a scope. */
export type EnforcedFilters = Readonly<Record<string, readonly string[]>>;

/** What this platform enforces; a scope with any other filter is not granted. */
const enforcedFilters: EnforcedFilters = { Patient: ['gender'] };

const longestScope = 256;
const longestList = 8 * 1024;
const mostScopes = 100;

const letters: readonly SmartAction[] = ['c', 'r', 'u', 'd', 's'];
/** What a filter is enforced on: what is written cannot be compared with it beforehand. */
const filterable = 'rs';
const v1Actions: ReadonlyMap<string, string> = new Map([
  ['read', 'rs'],
  ['write', 'cud'],
  ['*', 'cruds'],
]);
const v1Words: ReadonlyMap<string, string> = new Map(
  [...v1Actions].map(([word, actions]) => [actions, word]),
);
const levels: readonly string[] = ['patient', 'user', 'system'] satisfies SmartLevel[];

/** Scopes that are no resource scopes; they are granted as registered, `launch/encounter` and the like too. */
const plain: ReadonlySet<string> = new Set([
  'launch',
  'openid',
  'fhirUser',
  'profile',
  'offline_access',
  'online_access',
]);

/** Reads a resource scope. Undefined when it is another scope, or malformed: letters out of order, an empty filter. */
export function parseSmartScope(text: string): SmartScope | undefined {
  if (text.length > longestScope || !isScopeToken(text)) return undefined;
  const [level, rest] = cut(text, '/');
  const [resource, filterText] = cut(rest ?? '', '?');
  const [type, word] = cut(resource, '.');
  const v1 = v1Actions.get(word ?? '');
  const actions = v1 ?? word ?? '';
  const filter = readFilter(filterText);
  if (!isLevel(level) || !isType(type) || !areActions(actions) || !filter) return undefined;
  if (v1 !== undefined && filter.length > 0) return undefined;
  return { level, type, actions, filter, v1: v1 !== undefined };
}

/**
 * The scopes of a request, each once, in the order asked for.
 * @throws Problem `invalid`, code `invalid_scope`: over 8 KB, 100 entries or 256 characters in one, or characters that no
 *   scope may hold (RFC 6749 3.3).
 */
export function parseScopeList(text: string): readonly string[] {
  if (text.length > longestList) throw invalidScope('The scope is too long');
  const entries = text.split(' ').filter((entry) => entry !== '');
  if (entries.length > mostScopes) throw invalidScope('Too many scopes are asked for');
  if (entries.some((entry) => entry.length > longestScope))
    throw invalidScope('One of the scopes is too long');
  if (!entries.every(isScopeToken))
    throw invalidScope('The scope holds a character that no scope may hold');
  return [...new Set(entries)];
}

/**
 * What is granted of the scopes asked for: what is also registered, the narrower of the two where they overlap, equal ones
 * folded (`X.r X.s` is `X.rs`). What was asked the v1 way is answered so, where the v1 spelling can say it. Malformed
 * scopes, and filters that nothing enforces, are left out; a filtered scope is granted for reads and searches only.
 */
export function grantScopes(
  asked: readonly string[],
  registered: Iterable<string>,
  enforced: EnforcedFilters = enforcedFilters,
): readonly string[] {
  const known = new Set(registered);
  const rules = [...known].flatMap((text) => parseSmartScope(text) ?? []);
  const granted = new Map<string, string | SmartScope>();
  for (const text of asked) {
    const scope = parseSmartScope(text);
    if (scope) for (const each of meetAll(scope, rules, enforced)) fold(granted, each);
    else if (isPlain(text) && known.has(text)) granted.set(text, text);
  }
  return [...granted.values()]
    .map((each) => (typeof each === 'string' ? each : spell(each)))
    .filter((text) => text.length <= longestScope);
}

/** The v2 spelling: `patient/Patient.read` is `patient/Patient.rs`. What is no resource scope stays as it is. */
export function toV2(scope: string): string {
  const parsed = parseSmartScope(scope);
  return parsed ? spell({ ...parsed, v1: false }) : scope;
}

/** Whether the scopes allow the action on every resource of the type. A filtered scope does not: see `grantedFilters`. */
export function allows(
  scopes: readonly string[],
  level: SmartLevel,
  type: string,
  action: SmartAction,
): boolean {
  return grantedFilters(scopes, level, type, action).some((filter) => filter.length === 0);
}

/**
 * The filters under which the scopes allow the action: a resource must match one of them in whole. None means that it is
 * not allowed; an empty one, that it is allowed without a condition.
 */
export function grantedFilters(
  scopes: readonly string[],
  level: SmartLevel,
  type: string,
  action: SmartAction,
): readonly SmartFilter[] {
  return scopes
    .flatMap((text) => parseSmartScope(text) ?? [])
    .filter((scope) => scope.level === level && (scope.type === type || scope.type === '*'))
    .filter(({ actions, filter }) => usable(actions, filter).includes(action))
    .map(({ filter }) => filter);
}

// ---- reading ----

function cut(text: string, separator: string): [before: string, after: string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Printable ASCII without blank, quotation mark and backslash (RFC 6749 3.3). */
function isScopeToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x21 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return text !== '';
}

function isLevel(text: string): text is SmartLevel {
  return levels.includes(text);
}

function isType(text: string): boolean {
  return text === '*' || /^[A-Z][A-Za-z]{0,63}$/.test(text);
}

function areActions(text: string): boolean {
  return text !== '' && text === lettersIn(text);
}

function readFilter(text: string | undefined): SmartFilter | undefined {
  if (text === undefined) return [];
  const pairs = text.split('&').map((pair) => cut(pair, '='));
  const filter = pairs.map(([name, value = '']) => [name, value] as const);
  return filter.every(([name, value]) => isParameter(name) && value !== '') ? filter : undefined;
}

function isParameter(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name);
}

function isPlain(text: string): boolean {
  return plain.has(text) || /^launch\/[a-z]{1,64}$/.test(text);
}

function invalidScope(message: string): Problem {
  return new Problem('invalid', message, { code: 'invalid_scope' });
}

// ---- granting ----

/** What one asked scope and the registered ones have in common, without what another of it already says. */
function meetAll(
  asked: SmartScope,
  rules: readonly SmartScope[],
  enforced: EnforcedFilters,
): readonly SmartScope[] {
  const met = new Map<string, string | SmartScope>();
  for (const rule of rules) {
    const both = meet(asked, rule);
    if (both && isEnforced(both, enforced)) fold(met, both);
  }
  const found = [...met.values()].filter((each) => typeof each !== 'string');
  return found
    .filter((each) => !found.some((other) => other !== each && covers(other, each)))
    .map((each) => ({ ...each, v1: asked.v1 && isV1(each) }));
}

function meet(asked: SmartScope, rule: SmartScope): SmartScope | undefined {
  const type = asked.type === '*' ? rule.type : asked.type;
  if (asked.level !== rule.level || (rule.type !== '*' && rule.type !== type)) return undefined;
  const more = rule.filter.filter((pair) => !hasPair(asked.filter, pair));
  const filter = [...asked.filter, ...more];
  const actions = usable(common(asked.actions, rule.actions), filter);
  return actions === '' ? undefined : { level: asked.level, type, actions, filter, v1: false };
}

function isEnforced({ type, filter }: SmartScope, enforced: EnforcedFilters): boolean {
  const names = Object.hasOwn(enforced, type) ? enforced[type] : undefined;
  return filter.every(([name]) => names?.includes(name));
}

/** Whether the v1 spelling can say it. */
function isV1({ actions, filter }: SmartScope): boolean {
  return v1Words.has(actions) && filter.length === 0;
}

/** Whether `wide` allows all that `narrow` does. Two that allow the same have been folded before. */
function covers(wide: SmartScope, narrow: SmartScope): boolean {
  return (
    (wide.type === '*' || wide.type === narrow.type) &&
    common(wide.actions, narrow.actions) === narrow.actions &&
    wide.filter.every((pair) => hasPair(narrow.filter, pair))
  );
}

/** Adds a scope. One in v2 joins its equals; one in v1 stays as its asker spelled it. */
function fold(into: Map<string, string | SmartScope>, scope: SmartScope): void {
  const key = scope.v1 ? `v1 ${spell(scope)}` : `v2 ${spell({ ...scope, actions: '' })}`;
  const known = into.get(key);
  const actions = typeof known === 'object' ? known.actions : '';
  into.set(key, { ...scope, actions: lettersIn(actions + scope.actions) });
}

function usable(actions: string, filter: SmartFilter): string {
  return filter.length === 0 ? actions : common(actions, filterable);
}

function common(some: string, others: string): string {
  return letters.filter((letter) => some.includes(letter) && others.includes(letter)).join('');
}

/** The letters of the text, each once and in order. */
function lettersIn(text: string): string {
  return letters.filter((letter) => text.includes(letter)).join('');
}

function hasPair(filter: SmartFilter, [name, value]: readonly [string, string]): boolean {
  return filter.some((pair) => pair[0] === name && pair[1] === value);
}

function spell({ level, type, actions, filter, v1 }: SmartScope): string {
  const word = (v1 ? v1Words.get(actions) : undefined) ?? actions;
  const conditions = filter.map((pair) => pair.join('=')).join('&');
  return `${level}/${type}.${word}${conditions === '' ? '' : `?${conditions}`}`;
}
