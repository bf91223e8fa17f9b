/**
 * Who is to have an event of this face, and publishing it: subscriptions found by view and type, their criteria met, one copy
 * an endpoint. Owns the keys of the index and the endpoints; the engine keeps and sends.
 */
import { hash } from 'node:crypto';
import type { Store } from '../../../core/store.ts';
import type { Events, Published } from '../engine.ts';
import type { Copy } from '../event.ts';
import { openMatching } from '../matching.ts';
import { asksSupplier, meets, readCriteria, type Filtering } from './criteria.ts';
import type { ReadEvent } from './event-schema.ts';
import { eventType } from './event-types.ts';
import { mnsSubscriptionCollection, type MnsSubscription } from './subscription.ts';

/** An event with the view of the data that it is about. */
export interface MnsEvent {
  readonly event: ReadEvent;
  readonly workspace: string;
  /** What is kept, word for word. */
  readonly content: string | Uint8Array;
  readonly mediaType: string;
}

export interface Publishing {
  /** Publishes in one environment; a repeat of `source` and `id` within a day is the same event. */
  publish(environment: string, event: MnsEvent): Promise<Published>;
  /** Publishes in each environment where somebody is to have it; nowhere else is it kept. @param content for that one */
  broadcast(
    event: Omit<MnsEvent, 'content'>,
    content: (environment: string) => string,
  ): Promise<void>;
  /** Whether anybody subscribed to one of these types in a view of the data. */
  wanted(workspace: string, types: readonly string[]): Promise<boolean>;
  /** The views in which somebody subscribed to a type. */
  views(type: string): Promise<readonly string[]>;
  close(): void;
}

/** The suppliers of an organisation's systems (ODS codes), in a view of the data. */
export type SuppliersOf = (organisation: string, workspace: string) => Promise<readonly string[]>;

export interface PublishingOptions {
  readonly store: Store;
  readonly events: Events;
  readonly suppliersOf: SuppliersOf;
}

export function openPublishing({ store, events, suppliersOf }: PublishingOptions): Publishing {
  const matching = openMatching<MnsSubscription, Filtering>({
    ...{ store, collection: mnsSubscriptionCollection },
    compile(subscription) {
      const criteria = readCriteria(subscription.criteria);
      if ('fault' in criteria) return undefined; // of a version that knew more types
      const { environment, workspace } = subscription;
      const { type } = criteria;
      const asking = asksSupplier(criteria) ? [supplierKey(workspace, type)] : [];
      const keys = [viewKey(workspace, type), hereKey(environment, workspace, type), typeKey(type)];
      return { keys: [...keys, ...asking], fits: (filtering) => meets(criteria, filtering) };
    },
  });
  const find = async (key: string, { event, workspace }: Omit<MnsEvent, 'content'>) => {
    const { type, filtering } = event;
    const all = (await matching.any([supplierKey(workspace, type)]))
      ? {
          ...filtering,
          ...(await suppliers(filtering, type, (code) => suppliersOf(code, workspace))),
        }
      : filtering;
    return matching.matches([key], all);
  };
  const put = (
    environment: string,
    given: MnsEvent,
    to: readonly MnsSubscription[],
    by: 'others' | 'platform',
  ) => {
    const { event, workspace, content, mediaType } = given;
    return events.publish({
      ...{ environment, workspace, type: event.type, time: event.at },
      // Of its own: nobody keeps the platform's events back by using up their ids, which can be known before.
      key: JSON.stringify([`mns ${by}`, workspace, event.source, event.id]),
      ...(event.subject === undefined ? {} : { subject: event.subject }),
      ...{ body: { content, mediaType }, copies: copiesFor(to) },
    });
  };
  return {
    async publish(environment, given) {
      const key = hereKey(environment, given.workspace, given.event.type);
      return put(environment, given, await find(key, given), 'others');
    },
    async broadcast(given, content) {
      const found = await find(viewKey(given.workspace, given.event.type), given);
      const places = grouped(found, ({ environment }) => environment);
      for (const [environment, to] of places)
        await put(environment, { ...given, content: content(environment) }, to, 'platform');
    },
    wanted: (workspace, types) => matching.any(types.map((type) => viewKey(workspace, type))),
    async views(type) {
      const all = await matching.matches([typeKey(type)], {});
      return [...new Set(all.map(({ workspace }) => workspace))];
    },
    close: () => {
      matching.close();
    },
  };
}

function viewKey(workspace: string, type: string): string {
  return `view|${workspace}|${type}`;
}

function hereKey(environment: string, workspace: string, type: string): string {
  return `here|${environment}|${workspace}|${type}`;
}

function typeKey(type: string): string {
  return `type|${type}`;
}

/** Where somebody asks for suppliers: they are looked up for nobody else. */
function supplierKey(workspace: string, type: string): string {
  return `supplier|${workspace}|${type}`;
}

async function suppliers(
  filtering: Filtering,
  type: string,
  of: (organisation: string) => Promise<readonly string[]>,
): Promise<Filtering> {
  const found: Record<string, readonly string[]> = {};
  for (const key of eventType(type)?.organisations ?? []) {
    const code = filtering[key];
    if (typeof code === 'string') found[`${key}_manufacturer_org`] = await of(code);
  }
  return found;
}

/** Forms of copies, by the payload that was asked for. */
export const mnsForms = {
  'application/json': 'mns-cloudevent',
  'application/fhir+json': 'mns-signal',
} as const;

/** One for each endpoint, form and way of fetching, however many subscriptions match. */
function copiesFor(subscriptions: readonly MnsSubscription[]): readonly Copy[] {
  const endpoints = grouped(subscriptions, endpointOf);
  return [...endpoints].flatMap(([endpoint, those]) => {
    const [first] = those;
    if (!first) return [];
    const { id, mailbox, workflow, payload, hydration } = first;
    return [
      {
        ...{ endpoint, mailbox, workflow, form: mnsForms[payload] },
        subscriptions: those.map((one) => one.id),
        // Its fields are read when it is made, so that they are no older than the subscription.
        ...(hydration === undefined ? {} : { detail: id, lane: `fetch|${id}` }),
      },
    ];
  });
}

function grouped<T>(
  items: readonly T[],
  by: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(by(item), [...(groups.get(by(item)) ?? []), item]);
  return groups;
}

function endpointOf({ id, mailbox, workflow, payload, hydration }: MnsSubscription): string {
  const fetching = hydration === undefined ? '' : hash('sha256', id, 'hex').slice(0, 16);
  return `${mailbox} ${workflow} ${payload} ${fetching}`.trimEnd();
}
