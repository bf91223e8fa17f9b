/**
 * The rules and receivers as they stand: the defaults, with what was changed over them. Owns reading them, and remembers them
 * for while the store is away.
 */
import type { Collection, Store, Stored } from '../../core/store.ts';
import type { Environment } from '../catalogue/environments.ts';
import { receiverCollection, type Receiver } from './alert-record.ts';
import { defaultRules, ruleCollection, type AlertRule } from './alert-rules.ts';

export interface AlertBook {
  /** As they stand; while the store is away as they stood. */
  rules(): Promise<readonly AlertRule[]>;
  /** Who is told of a rule, from memory; of an App its contact too. */
  receivers(rule: AlertRule, app: string | undefined): readonly Receiver[];
  readonly defaults: readonly AlertRule[];
}

export interface AlertBookOptions {
  readonly store: Store;
  /** The environment in which an outage counts. */
  readonly production: Environment;
  /** The mail address of an App's team. */
  readonly contactOf: (app: string) => string | undefined;
}

export function createAlertBook({ store, production, contactOf }: AlertBookOptions): AlertBook {
  const defaults = defaultRules(production);
  let rules = defaults;
  let receivers: readonly Receiver[] = [];
  return {
    defaults,
    async rules() {
      try {
        const changed = await allOf(store.open(ruleCollection));
        receivers = (await allOf(store.open(receiverCollection))).map(({ value }) => value);
        rules = merged(
          defaults,
          changed.map(({ value }) => value),
        );
      } catch {
        // as they stood
      }
      return rules;
    },
    receivers(rule, app) {
      const told = receivers.filter(({ id }) => rule.receivers?.includes(id) ?? true);
      const contact = app === undefined ? undefined : contactOf(app);
      if (app === undefined || contact === undefined) return told;
      return [...told, { id: `app ${app}`, kind: 'email', address: contact }];
    },
  };
}

/** The defaults with those of the same id in their place, then the others. */
export function merged(
  defaults: readonly AlertRule[],
  changed: readonly AlertRule[],
): readonly AlertRule[] {
  const byId = new Map([...defaults, ...changed].map((rule) => [rule.id, rule]));
  return [...byId.values()];
}

/** All documents of a small collection. */
export async function allOf<T>(collection: Collection<T>): Promise<readonly Stored<T>[]> {
  return (await collection.find({ index: 'all', equals: ['all'], limit: 1000 })).items;
}
