/**
 * Alert rules and receivers as administration changes them: each function asks the role table, checks the values, and is in
 * the audit before it resolves. Owns these rules; the routes are in alert-routes.ts.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Page, Stored } from '../../core/store.ts';
import { openRecords, type Ground, type Records } from '../catalogue/records.ts';
import { must, type Actor } from '../catalogue/roles.ts';
import { allOf, merged } from './alert-book.ts';
import { alertCollection, receiverCollection, type Alert, type Receiver } from './alert-record.ts';
import { alertKinds, ruleCollection, type AlertKind, type AlertRule } from './alert-rules.ts';
import type { KeptMail, Mailbox } from './mailbox.ts';

export interface AlertAdministration {
  /** Those that were changed or added, and the defaults. @throws Problem `forbidden`, here and below */
  rules(actor: Actor): Promise<readonly AlertRule[]>;
  /** @throws Problem `not-found` */
  rule(actor: Actor, id: string): Promise<AlertRule>;
  /** Makes it, or puts it in the place of what was there. @throws Problem `invalid` */
  putRule(actor: Actor, id: string, fields: RuleFields): Promise<AlertRule>;
  /** Removes it; a default one is as it was. @throws Problem `not-found` */
  removeRule(actor: Actor, id: string): Promise<void>;
  receivers(actor: Actor): Promise<readonly Receiver[]>;
  /** @throws Problem `invalid` */
  putReceiver(actor: Actor, id: string, fields: ReceiverFields): Promise<Receiver>;
  removeReceiver(actor: Actor, id: string): Promise<void>;
  /** Newest first. */
  alerts(actor: Actor, query: AlertQuery): Promise<readonly Alert[]>;
  mail(actor: Actor, query: PageQuery): Promise<Page<KeptMail>>;
}

/** What a rule is given; what is absent is as usual for its kind. */
export type RuleFields = Pick<AlertRule, 'kind'> & Partial<Omit<AlertRule, 'id' | 'kind'>>;

export type ReceiverFields =
  | { readonly kind: 'webhook'; readonly url: string }
  | { readonly kind: 'email'; readonly address: string };

export interface AlertQuery {
  readonly state?: 'firing' | 'resolved';
}

interface PageQuery {
  readonly limit?: number;
  readonly after?: string;
}

export interface AlertAdministrationOptions extends Ground {
  readonly defaults: readonly AlertRule[];
  readonly mailbox: Pick<Mailbox, 'list'>;
  /** @throws Problem `invalid` for an address that may not be called */
  readonly checkUrl: (url: string) => void;
}

export function alertAdministration(options: AlertAdministrationOptions): AlertAdministration {
  const { store, defaults, mailbox } = options;
  const rules = openRecords(options, ruleCollection, 'alert rule');
  const receivers = openRecords(options, receiverCollection, 'receiver');
  const all = async () => {
    const changed = await allOf(store.open(ruleCollection));
    return merged(
      defaults,
      changed.map(({ value }) => value),
    );
  };
  return {
    async rules(actor) {
      must(actor, 'alert.read');
      return all();
    },
    async rule(actor, id) {
      must(actor, 'alert.read');
      const found = (await all()).find((rule) => rule.id === id);
      if (found) return found;
      throw new Problem('not-found', 'There is no such alert rule');
    },
    putRule: (actor, id, fields) =>
      put(rules, actor, 'alert-rule.put', id, () => toRule(id, fields, defaults)),
    removeRule: (actor, id) =>
      remove(options, ruleCollection, rules, actor, 'alert-rule.remove', id),
    async receivers(actor) {
      must(actor, 'alert.read');
      return (await allOf(store.open(receiverCollection))).map(({ value }) => value);
    },
    putReceiver: (actor, id, fields) =>
      put(receivers, actor, 'alert-receiver.put', id, () => toReceiver(options, id, fields)),
    removeReceiver: (actor, id) =>
      remove(options, receiverCollection, receivers, actor, 'alert-receiver.remove', id),
    async alerts(actor, { state }) {
      must(actor, 'alert.read');
      const where = state
        ? { index: 'state', equals: [state] }
        : { index: 'time', equals: ['all'] };
      const { items } = await store.open(alertCollection).find({ ...where, limit: 1000 });
      return items.map(({ value }) => value).reverse();
    },
    async mail(actor, query) {
      must(actor, 'mail.read');
      return mailbox.list(query);
    },
  };
}

const idForm = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Makes the document, or puts it in the place of the one there is. `make` runs only for those who may. */
async function put<T>(
  records: Records<T>,
  actor: Actor,
  action: string,
  id: string,
  make: () => T,
): Promise<T> {
  const deed = { actor, action };
  const made = () => {
    must(actor, 'alert.change');
    if (!idForm.test(id))
      throw new Problem('invalid', 'An id is 1 to 64 lower-case letters, digits and hyphens');
    return make();
  };
  const there = await records.read(id).catch(() => undefined);
  const stored: Stored<T> = there
    ? await records.change({ deed, id, expected: undefined, allow: () => undefined, edit: made })
    : await records.add(deed, id.slice(0, 64), made);
  return stored.value;
}

/** The audit's entry is that of a write which changes nothing: a removal has no version that could be told of. */
async function remove<T>(
  { store }: Ground,
  definition: CollectionOf<T>,
  records: Records<T>,
  actor: Actor,
  action: string,
  id: string,
): Promise<void> {
  const allow = () => {
    must(actor, 'alert.change');
  };
  const name = id.slice(0, 64);
  if (!(await store.open(definition).get(name))) allow(); // who may not is told that first
  const { version } = await records.change({
    ...{ deed: { actor, action }, id: name, expected: undefined },
    ...{ allow, edit: (value) => value },
  });
  await store.open(definition).remove(name, version);
}

function toRule(id: string, fields: RuleFields, defaults: readonly AlertRule[]): AlertRule {
  const { kind, settings = {}, ...more } = fields;
  const known: readonly string[] = Object.keys(alertKinds[kind]);
  const odd = Object.keys(settings).find((name) => !known.includes(name));
  if (odd !== undefined)
    throw new Problem('invalid', unknownSetting(kind, odd.slice(0, 50), known));
  const standard =
    defaults.find((rule) => rule.id === id) ?? defaults.find((rule) => rule.kind === kind);
  if (standard?.id === id && standard.kind !== kind)
    throw new Problem('invalid', `The rule ${id} is of kind ${standard.kind}`);
  const { severity = 'ticket', for: seconds = 0 } = standard ?? {};
  return { id, kind, enabled: true, severity, for: seconds, settings, ...more };
}

function unknownSetting(kind: AlertKind, name: string, known: readonly string[]): string {
  const there = known.length === 0 ? 'none' : known.join(', ');
  return `There is no setting ${name} of ${kind}; there are: ${there}`;
}

function toReceiver(
  { checkUrl }: AlertAdministrationOptions,
  id: string,
  fields: ReceiverFields,
): Receiver {
  if (fields.kind === 'webhook') checkUrl(fields.url);
  else if (!/^[^\s@<>,;:"()\\[\]]{1,64}@[A-Za-z0-9.-]{1,190}$/.test(fields.address))
    throw new Problem('invalid', 'address must be one mail address: team@example.org');
  return { id, ...fields };
}
