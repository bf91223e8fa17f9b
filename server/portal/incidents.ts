/**
 * Incidents and announced maintenance: what is affected, what is known, and each update with how many were told of it. Owns
 * the documents and who may write them; telling is incident-notices.ts's.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Stored } from '../../core/store.ts';
import { environments, type Environment } from '../catalogue/environments.ts';
import { openRecords, type Ground } from '../catalogue/records.ts';
import { must, type Actor } from '../catalogue/roles.ts';
import { environmentName } from './app-words.ts';

export const impacts = ['degraded', 'partial outage', 'major outage', 'maintenance'] as const;
export type Impact = (typeof impacts)[number];

export const incidentStates = [
  'planned',
  'investigating',
  'identified',
  'monitoring',
  'resolved',
] as const;
export type IncidentState = (typeof incidentStates)[number];

export interface Incident {
  readonly id: string;
  readonly title: string;
  readonly impact: Impact;
  readonly environments: readonly Environment[];
  /** Ids; empty: all. */
  readonly apis: readonly string[];
  readonly state: IncidentState;
  /** Milliseconds since the epoch, here and below; in the future for what is planned. */
  readonly began: number;
  readonly ended?: number;
  /** Where the service desk has it. */
  readonly reference: string;
  /** Oldest first. */
  readonly updates: readonly IncidentUpdate[];
}

export interface IncidentUpdate {
  readonly at: number;
  readonly state: IncidentState;
  readonly text: string;
  /** How many addresses have been sent it; absent: not all yet. */
  readonly told?: number;
}

export type NewIncident = Omit<Incident, 'id' | 'updates' | 'ended'> & { readonly text: string };

export const incidentCollection: CollectionOf<Incident> = {
  name: 'portal.incidents',
  keys: ({ state, began }) => ({
    time: [['all', timeOf(began)]],
    open: state === 'resolved' ? [] : [['open', timeOf(began)]],
  }),
};

export interface Incidents {
  /** All that is open or announced, newest first. */
  open(): Promise<readonly Incident[]>;
  /** Those that began since, newest first; at most 200. */
  since(time: number): Promise<readonly Incident[]>;
  /** @throws Problem `not-found` */
  read(id: string): Promise<Stored<Incident>>;
  /** @throws Problem `forbidden` for who does not run the platform, here and below */
  create(actor: Actor, incident: NewIncident): Promise<Stored<Incident>>;
  /** @throws Problem `conflict` once it is resolved, `precondition-failed` when it has changed since `expected` */
  update(
    actor: Actor,
    id: string,
    update: Pick<IncidentUpdate, 'state' | 'text'>,
    expected?: number,
  ): Promise<Stored<Incident>>;
  /** Puts down how many were told of an update. */
  told(actor: Actor, id: string, update: number, addresses: number): Promise<void>;
}

/** Who may write incidents. */
export const incidentRight = 'incident.change';

const mostUpdates = 200;

export function openIncidents(ground: Ground): Incidents {
  const { store, clock } = ground;
  const collection = store.open(incidentCollection);
  const records = openRecords(ground, incidentCollection, 'incident');
  const newestFirst = async (index: string, part: string, from?: number) => {
    const { items } = await collection.find({
      ...{ index, equals: [part], limit: 1000 },
      ...(from === undefined ? {} : { from: timeOf(from) }),
    });
    return items
      .slice(-200)
      .map(({ value }) => value)
      .reverse();
  };
  return {
    open: () => newestFirst('open', 'open'),
    since: (time) => newestFirst('time', 'all', time),
    read: (id) => records.read(id),
    async create(actor, { text, ...fields }) {
      must(actor, incidentRight);
      const at = clock.now();
      const year = new Date(at).getUTCFullYear();
      const id = `INC-${year}-${await store.counters.add('portal.incidents')}`;
      const updates = [{ at, state: fields.state, text }];
      return records.add({ actor, action: 'incident.create' }, id, () => ({
        ...{ id, ...fields, updates },
        ...(fields.state === 'resolved' ? { ended: at } : {}),
      }));
    },
    update: (actor, id, { state, text }, expected) =>
      records.change({
        deed: { actor, action: 'incident.update' },
        ...{ id, expected },
        allow(incident) {
          must(actor, incidentRight);
          if (incident.state === 'resolved')
            throw new Problem('conflict', 'The incident is resolved: open another one');
          if (incident.updates.length >= mostUpdates)
            throw new Problem('conflict', 'The incident has too many updates: open another one');
        },
        edit: (incident) => ({
          ...{ ...incident, state },
          updates: [...incident.updates, { at: clock.now(), state, text }],
          ...(state === 'resolved' ? { ended: clock.now() } : {}),
        }),
      }),
    async told(actor, id, update, addresses) {
      await records.change({
        ...{ deed: { actor, action: 'incident.tell' }, id, expected: undefined },
        allow: () => {
          must(actor, incidentRight);
        },
        edit: (incident) => ({
          ...incident,
          updates: incident.updates.map((one, at) =>
            at === update ? { ...one, told: addresses } : one,
          ),
        }),
      });
    },
  };
}

/** Whether an Api in an environment is among what is affected. */
export function affects({ environments: all, apis }: Incident, api: string, environment: string) {
  return all.some((one) => one === environment) && (apis.length === 0 || apis.includes(api));
}

/** Whether work that was announced is being done. */
export function isRunningMaintenance({ impact, state, began }: Incident, now: number): boolean {
  return impact === 'maintenance' && state !== 'resolved' && began <= now;
}

/** What is affected, in words. */
export function affectedText(
  { apis, environments: all }: Incident,
  titleOf: (api: string) => string,
): string {
  const where =
    all.length === environments.length ? 'all environments' : all.map(environmentName).join(', ');
  return `${apis.length === 0 ? 'All APIs' : apis.map(titleOf).join(', ')} in ${where}`;
}

function timeOf(time: number): string {
  return new Date(time).toISOString();
}
