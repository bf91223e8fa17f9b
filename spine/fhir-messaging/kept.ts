/**
 * Messages as documents, and which ids were seen: the table of reliable messaging. A document at its expected version is
 * the one moment of each step, so that of two callers with the same ids one has it processed. Owns the documents and how
 * long they are known.
 */
import { timeKey } from '../../core/outbox.ts';
import { Problem } from '../../core/problem.ts';
import type { Collection, CollectionOf, OutboxEntry, Store, Stored } from '../../core/store.ts';
import type { EventName, MessageEvent } from './events.ts';

/** Where a message goes. */
export type Route =
  | {
      readonly kind: 'endpoint';
      readonly organisation: string;
      readonly url: string;
      /** The name that its certificate must bear; may be empty. */
      readonly fqdn: string;
    }
  | { readonly kind: 'mailbox'; readonly mailbox: string; readonly workflow: string }
  /** The practice of a person whom a MESH address names. */
  | { readonly kind: 'practice'; readonly addressed: string; readonly workflow: string };

/** Where an answer goes for which nobody waits. */
export type ReturnAddress = Exclude<Route, { readonly kind: 'practice' }>;

export interface KeptAnswer {
  readonly status: number;
  /** Empty: none. */
  readonly body: string;
}

export interface KeptMessage {
  readonly environment: string;
  /** Whose call it was; ids of one app say nothing of another's. */
  readonly app: string;
  /** `Bundle.id` and `MessageHeader.id`. */
  readonly bundle: string;
  readonly header: string;
  readonly event: EventName;
  /** `source.endpoint`, as said, and the address of this API: what an answer that is made here names. */
  readonly source: string;
  readonly base: string;
  readonly route: Route;
  /** The mailbox that it is sent from; empty: none of the sender's is known. */
  readonly sender: string;
  readonly returnTo?: ReturnAddress;
  /** Whether the caller was told 202, and is so again: answers go to `returnTo`. */
  readonly promised: boolean;
  /** Whether its caller was kept waiting too long, and told 202: the answer goes to `returnTo`, and to who asks again. */
  readonly late?: true;
  /** The Bundle; empty once the recipient has it. */
  readonly text: string;
  /** All times in milliseconds since the epoch. */
  readonly accepted: number;
  /** For how long it is known again. */
  readonly cache: number;
  readonly ended?: number;
  readonly answer?: KeptAnswer;
  /** The key of its message in MESH, until it has been fetched. */
  readonly placed?: string;
}

const messageCollection: CollectionOf<KeptMessage> = {
  name: 'fhir-messaging.messages',
  keys: ({ ended, cache, placed, accepted }) => ({
    ...(placed === undefined ? {} : { placed: [[timeKey(accepted)]] }),
    ...(ended === undefined || placed !== undefined ? {} : { until: [[timeKey(ended + cache)]] }),
  }),
};

/** Its name, for those who wait for what its documents bring. */
export const keptMessages = messageCollection.name;

/** In which Bundle a MessageHeader was seen first, or last where it may come again. */
interface Claim {
  readonly bundle: string;
  readonly at: number;
  readonly until: number;
}

const claimCollection: CollectionOf<Claim> = {
  name: 'fhir-messaging.headers',
  keys: ({ until }) => ({ until: [[timeKey(until)]] }),
};

/** Milliseconds that a claim holds without its message: longer than the write takes that follows it. */
const claimHolds = 60_000;
/** A message is known from its end, which may come so much later. */
const longestUnderWay = 6 * 24 * 3_600_000;

export interface Ids {
  readonly environment: string;
  readonly app: string;
  readonly bundle: string;
  readonly header: string;
}

export interface Kept {
  readonly collection: Collection<KeptMessage>;
  /**
   * The message with both ids; undefined for a new one.
   * @throws Problem `conflict` for a Bundle that was seen with another MessageHeader, or a resubmission that is refused
   */
  seen(ids: Ids, category: MessageEvent['category']): Promise<Stored<KeptMessage> | undefined>;
  /** Puts it as new, with its deliveries. @returns false when somebody else with the same ids was faster */
  put(
    message: KeptMessage,
    category: MessageEvent['category'],
    outbox: readonly OutboxEntry[],
  ): Promise<boolean>;
  /** Removes what needs to be known no longer. */
  sweep(): Promise<number>;
}

export function messageKeyOf({ environment, app, bundle }: Omit<Ids, 'header'>): string {
  return `${environment}|${app}|${bundle}`;
}

export function openKept(store: Store, now: () => number): Kept {
  const collection = store.open(messageCollection);
  const claims = store.open(claimCollection);
  const claimKey = ({ environment, app, header }: Ids) => `${environment}|${app}|${header}`;
  /** Whether a MessageHeader is, or is just becoming, part of another Bundle. */
  const isElsewhere = async (claim: Claim, ids: Ids) =>
    claim.bundle !== ids.bundle &&
    (claim.at > now() - claimHolds ||
      (await collection.get(messageKeyOf({ ...ids, bundle: claim.bundle }))) !== undefined);
  const claim = async (ids: Ids, category: MessageEvent['category'], until: number) => {
    const key = claimKey(ids);
    const next: Claim = { bundle: ids.bundle, at: now(), until };
    for (;;) {
      const before = await claims.get(key);
      if (before?.value.bundle === ids.bundle) return;
      if (before && category === 'consequence' && (await isElsewhere(before.value, ids)))
        throw resubmitted();
      if (await unlessFaster(claims.put(key, next, { expected: before?.version ?? 0 }))) return;
    }
  };
  return {
    collection,
    async seen(ids, category) {
      const found = await collection.get(messageKeyOf(ids));
      if (found && found.value.header !== ids.header) throw otherHeader();
      if (found) return found;
      const before = (await claims.get(claimKey(ids)))?.value;
      if (before && category === 'consequence' && (await isElsewhere(before, ids)))
        throw resubmitted();
      return undefined;
    },
    async put(message, category, outbox) {
      await claim(message, category, message.accepted + message.cache + longestUnderWay);
      return unlessFaster(collection.put(messageKeyOf(message), message, { expected: 0, outbox }));
    },
    async sweep() {
      const query = { index: 'until', to: timeKey(now()), limit: 1000 };
      const old = (await collection.find(query)).items;
      for (const { id, version } of old) await unlessFaster(collection.remove(id, version));
      const over = (await claims.find(query)).items;
      for (const { id, version } of over) await unlessFaster(claims.remove(id, version));
      return old.length + over.length;
    },
  };
}

function otherHeader(): Problem {
  return new Problem(
    'conflict',
    'Bundle.id was seen with another MessageHeader.id: expected a new Bundle.id with a new message',
    { code: 'BUNDLE_ID_SEEN' },
  );
}

function resubmitted(): Problem {
  return new Problem(
    'conflict',
    'MessageHeader.id was seen in another Bundle, and a message of category consequence is done once: expected the same Bundle.id with it',
    { code: 'MESSAGE_ID_SEEN' },
  );
}

/** False where another write was faster. */
async function unlessFaster(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof Problem && error.kind === 'conflict') return false;
    throw error;
  }
}

/** Puts what `to` makes of a message, again as long as somebody else is faster; undefined leaves it. */
export async function changedKept(
  collection: Collection<KeptMessage>,
  key: string,
  to: (message: KeptMessage) => KeptMessage | undefined,
  outbox: (message: KeptMessage) => readonly OutboxEntry[] = () => [],
): Promise<KeptMessage | undefined> {
  for (;;) {
    const stored = await collection.get(key);
    const next = stored && to(stored.value);
    if (!stored || !next) return undefined;
    const put = collection.put(key, next, { expected: stored.version, outbox: outbox(next) });
    if (await unlessFaster(put)) return next;
  }
}
