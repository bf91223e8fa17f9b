/**
 * Changes of PDS records on their way to the faces of events: takes the entries that landed with the writes, a moment after
 * them, and tells each listener that wants them. Owns that none is lost and that patients who may not be told of are not;
 * what is published is a listener's business, and its keys make sure that what is told twice is published once.
 */
import type { Delivery, Outbox } from '../../core/outbox.ts';
import type { Outcome } from '../../core/outbox-runner.ts';
import type { Collection, Outgoing, Store } from '../../core/store.ts';
import { changedTopic, readChange, type PdsChange } from '../../fhir/pds/changes.ts';
import { confidentialityOf, type PdsRecord } from '../../fhir/pds/record.ts';

/** A face that publishes events about changes of records. */
export interface PdsListener {
  /** Whether anybody subscribed to changes in this view of the data: else no record is read, and nothing is published. */
  wants(workspace: string): Promise<boolean>;
  /**
   * Publishes what is to be published; resolves when that is on disk, and may be called again for the same change: publish
   * with keys made from `change.id`.
   * @param record as it is now, maybe later than the change; an open one, never restricted nor withdrawn
   */
  tell(change: PdsChange, record: PdsRecord): Promise<void>;
}

export interface PdsFeedOptions {
  readonly store: Store;
  readonly patients: Collection<PdsRecord>;
  /** The collection whose changes wake it. */
  readonly wakes: string;
  readonly outbox: Pick<Outbox, 'add'>;
  readonly listeners: readonly PdsListener[];
  /** Enters into the audit that the record was read to publish what changed. */
  readonly entered: (change: PdsChange) => Promise<void>;
}

export interface PdsFeed {
  /** The sender of the topic `pds.changed`: what could not be told at once is tried on. */
  readonly send: (delivery: Delivery) => Promise<Outcome>;
  /** Tells all that waits, for tests. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds: many writes are taken together, and what came without being told is found after the second. */
const gather = 25;
const lookEvery = 1_000;
const batch = 200;

/** Begins at once. */
export function openPdsFeed(options: PdsFeedOptions): PdsFeed {
  const { store, wakes } = options;
  let looking: Promise<void> = Promise.resolve();
  let soon: NodeJS.Timeout | undefined;
  let closed = false;
  const look = () => {
    looking = looking.then(() => takeAll(options, () => closed)).catch(() => undefined); // the store's own trouble; again in a second
    return looking;
  };
  const wake = () => {
    soon ??= setTimeout(() => {
      soon = undefined;
      void look();
    }, gather).unref();
  };
  const stop = store.changes.listen((changes) => {
    if (changes.some(({ collection }) => collection === wakes)) wake();
  });
  const timer = setInterval(wake, lookEvery).unref();
  wake();
  return {
    send: async ({ body }) => {
      await tell(options, readChange(body));
      return { kind: 'done' };
    },
    look,
    async close() {
      closed = true;
      stop();
      clearInterval(timer);
      clearTimeout(soon);
      await looking;
    },
  };
}

async function takeAll(options: PdsFeedOptions, isClosed: () => boolean): Promise<void> {
  while (!isClosed()) {
    const entries = await options.store.outgoing(changedTopic, batch);
    await Promise.all(entries.map((entry) => takeOne(options, entry)));
    if (entries.length < batch) return;
  }
}

/** What cannot be told now keeps nobody else waiting: it becomes a delivery, tried as those are. */
async function takeOne(options: PdsFeedOptions, { id, body }: Outgoing): Promise<void> {
  const change = readChange(body);
  try {
    await tell(options, change);
  } catch {
    await options.outbox.add({
      ...{ id: `${changedTopic}|${change.id}`, topic: changedTopic, body },
      about: { change: change.id },
      schedule: { retries: 10_000, interval: 1_000, growing: true, most: 600_000, lifetime },
    });
  }
  await options.store.delivered(id);
}

const lifetime = 5 * 24 * 3_600_000;

async function tell(
  { listeners, patients, entered }: PdsFeedOptions,
  change: PdsChange,
): Promise<void> {
  const wanting = await Promise.all(listeners.map((one) => one.wants(change.workspace)));
  const those = listeners.filter((_one, at) => wanting[at]);
  if (those.length === 0) return;
  const record = (await patients.in(change.workspace).get(change.nhsNumber))?.value;
  if (!record || confidentialityOf(record) !== 'U') return; // gone with its workspace, sensitive, or invalid
  await entered(change);
  await Promise.all(those.map((one) => one.tell(change, record)));
}
