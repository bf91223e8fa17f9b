/**
 * What the pages of status and operations show, from what the platform observes anyway: health checks, usage, alerts, the
 * outbox, mail, mailboxes. Owns keeping it for some seconds, so that a page that many open costs little.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { deliveryCollection, type DeliveryState } from '../core/outbox.ts';
import type { Store } from '../core/store.ts';
import { meshMessageCollection } from '../spine/mesh/messages.ts';
import { waitingInAll } from '../spine/mesh/overview.ts';
import { environments } from './catalogue/environments.ts';
import { alertCollection } from './observe/alert-record.ts';
import type { Mailbox } from './observe/mailbox.ts';
import {
  availabilityOf,
  currentId,
  dayId,
  statusCollection,
  type DayOfProbes,
  type StatusDocument,
} from './observe/status-record.ts';
import type { Observing } from './observing.ts';
import type { InstanceStatus, OperationsPort, StatusPort } from './portal/status-port.ts';

export interface HubStatusOptions {
  readonly store: Store;
  readonly now: () => number;
  readonly observing: Pick<Observing, 'usage' | 'callers'>;
}

/** Milliseconds. */
const keptFor = 10_000;
/** When nothing has been found out for so long, nothing is known. */
const stale = 5 * 60_000;
const day = 86_400_000;
const shownDays = 90;

/** How the Apis are, for everybody. */
export function hubStatus({ store, now, observing }: HubStatusOptions): StatusPort {
  const collection = store.open(statusCollection);
  const past = new Map<string, StatusDocument['day']>();
  /** Days that are over do not change; the one before this is read again while it may be added to. */
  const days = async (): Promise<DayOfProbes[]> => {
    const ids = Array.from({ length: shownDays }, (_, i) =>
      dayId(now() - (shownDays - 1 - i) * day),
    );
    const found: DayOfProbes[] = [];
    for (const [at, id] of ids.entries()) {
      const isOver = at < shownDays - 2;
      if (!isOver || !past.has(id)) {
        past.set(id, (await collection.get(id))?.value.day);
        await turn(); // a day of many Apis takes a while to read, and there are 90
      }
      const probes = past.get(id);
      if (probes) found.push({ day: id.slice(4), probes });
    }
    for (const id of past.keys()) if (!ids.includes(id)) past.delete(id);
    return found;
  };
  const read = async (): Promise<Snapshot> => {
    const [stored, probed] = [await collection.get(currentId), await days()];
    const month = new Date(now()).toISOString().slice(0, 7);
    const instances = Object.entries(stored?.value.current ?? {})
      .map(([proxy, one]): InstanceStatus => {
        const availability = availabilityOf(probed, proxy, month);
        const { api, environment, state, since, checked } = one;
        return {
          ...{ proxy, api, environment, since, checked },
          state: now() - checked > stale ? 'unknown' : state,
          ...(availability ? { availability } : {}),
        };
      })
      .sort((a, b) => (a.proxy < b.proxy ? -1 : 1));
    return { instances, probed };
  };
  const snapshot = keep(read, now);
  return {
    instances: async () => (await snapshot()).instances,
    async history(api) {
      const { instances, probed } = await snapshot();
      return instances.filter((one) => one.api === api).map((one) => historyOf(one, probed, now()));
    },
    callers: (question) => observing.callers(question),
  };
}

interface Snapshot {
  readonly instances: readonly InstanceStatus[];
  readonly probed: readonly DayOfProbes[];
}

function historyOf(instance: InstanceStatus, probed: readonly DayOfProbes[], now: number) {
  const byDay = new Map(probed.map((one) => [one.day, one.probes[instance.proxy]]));
  const days = Array.from({ length: shownDays }, (_, i) => {
    const name = dayId(now - (shownDays - 1 - i) * day).slice(4);
    const [passed, all] = byDay.get(name) ?? [0, 0];
    return { day: name, passed, all };
  });
  const months = [...new Set(days.map((one) => one.day.slice(0, 7)))].reverse();
  return {
    ...{ ...instance, days },
    months: months.flatMap((month) => availabilityOf(probed, instance.proxy, month) ?? []),
  };
}

/** Asked once for all who ask within some seconds; what failed is asked again at once. */
function keep<T>(read: () => Promise<T>, now: () => number): () => Promise<T> {
  let until = -Infinity;
  let last: Promise<T> | undefined;
  return () => {
    if (last && now() < until) return last;
    until = now() + keptFor;
    const asked = read();
    last = asked;
    asked.catch(() => {
      if (last === asked) last = undefined;
    });
    return asked;
  };
}

export interface HubOperationsOptions extends HubStatusOptions {
  readonly mailbox: Pick<Mailbox, 'standing'>;
}

const openStates: readonly DeliveryState[] = ['waiting', 'sending', 'sent', 'dead'];
/** Documents that are counted at most. */
const most = 1_000;

/** What operators look at. */
export function hubOperations(options: HubOperationsOptions): OperationsPort {
  const { store, now, observing, mailbox } = options;
  const deliveries = store.open(deliveryCollection);
  const alerts = store.open(alertCollection);
  return {
    usage: (question) => observing.usage(question),
    async alerts() {
      const yesterday = new Date(now() - day).toISOString();
      const [firing, over] = await Promise.all([
        alerts.find({ index: 'state', equals: ['firing'], limit: most }),
        alerts.find({ index: 'state', equals: ['resolved'], from: yesterday, limit: most }),
      ]);
      return [firing, over].flatMap(({ items }) => items.map(({ value }) => value).reverse());
    },
    messages: () =>
      Promise.all(
        openStates.map(async (state) => {
          const { items, next } = await deliveries.find({
            ...{ index: 'state', equals: [state], limit: most },
          });
          const oldest = items[0]?.value.created;
          return {
            ...{ state, count: items.length, more: next !== undefined },
            ...(oldest === undefined ? {} : { oldest }),
          };
        }),
      ),
    mail: () => mailbox.standing(),
    mailboxes: keep(async () => {
      const messages = store.open(meshMessageCollection);
      const found = [];
      for (const environment of environments) {
        const { count, oldest } = await waitingInAll(messages, environment);
        if (count > 0)
          found.push({ environment, count, ...(oldest === undefined ? {} : { oldest }) });
      }
      return found;
    }, now),
  };
}
