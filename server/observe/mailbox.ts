/**
 * The outbox of mail: every message of the platform is a document until it is sent and for 30 days after. Owns the
 * documents, and when each is tried again; the wire is in mail.ts.
 */
import { Problem } from '../../core/problem.ts';
import type { CollectionOf, Page, Store, Stored } from '../../core/store.ts';

/** A message. Plain text, without patient data. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** What it is, for figures: `alert`. */
  readonly template: string;
}

export interface KeptMail extends Mail {
  readonly state: 'waiting' | 'sent' | 'failed';
  readonly tries: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** When it is tried next, while it waits. */
  readonly due: number;
  readonly ended?: number;
  /** Why the last try failed, in the words of the mail server's code. */
  readonly reason?: string;
}

const mailCollection: CollectionOf<KeptMail> = {
  name: 'observe.mail',
  keys: ({ state, due, created }) => ({
    due: [[state, iso(state === 'waiting' ? due : created)]],
    time: [['all', iso(created)]],
  }),
};

export interface Mailbox {
  /** Takes a message; one whose id is there already is taken as the same and not sent again. */
  put(id: string, mail: Mail): Promise<void>;
  /** Sends what is due, oldest first. For one process of an installation at a time. @throws Problem of the store */
  post(): Promise<void>;
  /** How it stands: messages of the last hour that ended, and for how long the oldest has waited. */
  standing(): Promise<MailStanding>;
  list(query: { readonly limit?: number; readonly after?: string }): Promise<Page<KeptMail>>;
  /** Messages since a time, newest first; at most a thousand. */
  newest(since: number): Promise<readonly KeptMail[]>;
  /** Removes what ended long ago. */
  sweep(): Promise<void>;
}

export interface MailStanding {
  readonly sent: number;
  readonly failed: number;
  /** Milliseconds; 0 when none waits. */
  readonly oldest: number;
}

export interface MailboxOptions {
  readonly store: Store;
  readonly now: () => number;
  /** Hands a message to the mail server. Absent: it stays in the outbox. */
  readonly send?: (id: string, mail: Mail) => Promise<void>;
  /** Counts for metrics. */
  readonly counted?: (template: string, result: 'sent' | 'failed' | 'retried') => void;
}

/** A message that could not be sent for so long is given up. Milliseconds. */
const patience = 3 * 24 * 3_600_000;
const kept = 30 * 24 * 3_600_000;
const hour = 3_600_000;
/** Sent in one round. */
const most = 50;

export function createMailbox(options: MailboxOptions): Mailbox {
  const { store, now, send } = options;
  const collection = store.open(mailCollection);
  const find = (state: KeptMail['state'], range: { from?: number; to?: number }) =>
    collection.find({
      ...{ index: 'due', equals: [state], limit: 1000 },
      ...(range.from === undefined ? {} : { from: iso(range.from) }),
      ...(range.to === undefined ? {} : { to: iso(range.to) }),
    });
  const end = async (stored: Stored<KeptMail>, changes: Partial<KeptMail>) => {
    const { id, value, version } = stored;
    await collection.put(id, { ...value, ...changes }, { expected: version });
  };
  const sendOne = async (stored: Stored<KeptMail>) => {
    const { value } = stored;
    const tries = value.tries + 1;
    try {
      await send?.(stored.id, value);
    } catch (error) {
      const failed = isFinal(error) || now() - value.created > patience;
      options.counted?.(value.template, failed ? 'failed' : 'retried');
      await end(stored, {
        ...{ tries, reason: reasonOf(error), due: now() + pause(tries) },
        ...(failed ? { state: 'failed', ended: now() } : {}),
      });
      return;
    }
    options.counted?.(value.template, 'sent');
    await end(stored, { tries, state: 'sent', ended: now() });
  };
  return {
    async put(id, mail) {
      const message = { ...mail, state: 'waiting' as const, tries: 0, created: now(), due: now() };
      try {
        await collection.put(id, message, { expected: 0 });
      } catch (error) {
        if (Problem.from(error).kind !== 'conflict') throw error;
      }
    },
    async post() {
      if (!send) return;
      const { items } = await find('waiting', { to: now() });
      for (const stored of items.slice(0, most)) await sendOne(stored);
    },
    async standing() {
      const recent = { from: now() - hour };
      const [waiting, sent, failed] = await Promise.all([
        find('waiting', {}),
        find('sent', recent),
        find('failed', recent),
      ]);
      const oldest = Math.min(now(), ...waiting.items.map(({ value }) => value.created));
      return { sent: sent.items.length, failed: failed.items.length, oldest: now() - oldest };
    },
    list: ({ limit = 50, after }) =>
      collection.find({
        ...{ index: 'time', equals: ['all'], limit },
        ...(after === undefined ? {} : { after }),
      }),
    async newest(since) {
      const { items } = await collection.find({
        ...{ index: 'time', equals: ['all'], from: iso(since), limit: 1000 },
      });
      return items.map(({ value }) => value).reverse();
    },
    async sweep() {
      for (const state of ['sent', 'failed'] as const)
        for (const { id, version } of (await find(state, { to: now() - kept })).items)
          await collection.remove(id, version);
    },
  };
}

/** Half a minute at first, an hour at last. */
function pause(tries: number): number {
  return Math.min(hour, 30_000 * 2 ** (tries - 1));
}

/** A refusal for good of this message or its receiver (RFC 5321 4.2.1): another try would bring the same. */
function isFinal(error: unknown): boolean {
  return error instanceof MailRefused && error.final;
}

/** What a mail server answers to a message that it does not take. */
export class MailRefused extends Error {
  readonly final: boolean;

  /** @param code its reply code or, where none came, what went wrong: `550`, `ECONNREFUSED` */
  constructor(code: string, final: boolean) {
    super(code);
    this.name = 'MailRefused';
    this.final = final;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof MailRefused ? error.message : 'it could not be sent';
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
