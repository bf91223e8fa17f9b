/**
 * Brings notifications from the outbox to those who are told: mail through the mailbox, JSON to a webhook. A failed one is
 * tried again with growing pauses for a day. At least once: an `id` tells a receiver what it has had.
 */
import { checker } from '../../core/schema.ts';
import { Problem } from '../../core/problem.ts';
import type { Log } from '../../core/log.ts';
import type { Outgoing, Store } from '../../core/store.ts';
import { notifyTopic, type Due, type Notification } from './alert-record.ts';
import type { Mail, Mailbox } from './mailbox.ts';

export interface AlertDelivery {
  /** Delivers what is due. For one process of an installation at a time. @throws Problem of the store */
  deliver(): Promise<void>;
  /** Delivers one without the outbox, once. Never rejects. */
  direct(due: Due): Promise<void>;
}

/** Sends JSON to an address that somebody gave, and resolves when it was taken (2xx). Minds which addresses may be called. */
export type Post = (url: string, body: string) => Promise<void>;

export interface AlertDeliveryOptions {
  readonly store: Store;
  readonly now: () => number;
  readonly log: Log;
  readonly post: Post;
  readonly mailbox: Pick<Mailbox, 'put'>;
  /** Hands a message to the mail server at once; absent where none is configured. */
  readonly sendNow?: (id: string, mail: Mail) => Promise<void>;
}

const patience = 24 * 3_600_000;

export function createAlertDelivery(options: AlertDeliveryOptions): AlertDelivery {
  const { store, now, log } = options;
  /** What failed: how often, and when it is tried again. A restart tries all at once. */
  const failures = new Map<number, { readonly tries: number; readonly due: number }>();
  const deliverOne = async (entry: Outgoing) => {
    const before = failures.get(entry.id);
    if (before && before.due > now()) return;
    const due = dueOf(entry);
    try {
      if (due) await bring(options, due);
      else log.log('error', 'a notification cannot be read and is dropped', { id: entry.id });
    } catch (error) {
      if (now() - (due?.at ?? 0) < patience) {
        const tries = (before?.tries ?? 0) + 1;
        failures.set(entry.id, { tries, due: now() + pause(tries) });
        return;
      }
      const told = { receiver: due?.to.id, kind: Problem.from(error).kind };
      log.log('error', 'a notification could not be delivered in a day and is dropped', told);
    }
    failures.delete(entry.id);
    await store.delivered(entry.id);
  };
  return {
    async deliver() {
      const entries = await store.outgoing(notifyTopic, 500);
      await Promise.all(entries.map(deliverOne));
    },
    async direct(due) {
      const { to, notification } = due;
      const send =
        to.kind === 'webhook'
          ? bring(options, due)
          : (options.sendNow?.(notification.id, mailOf(notification, to.address)) ??
            Promise.reject(new Error('no server')));
      await send.catch((error: unknown) => {
        log.log('error', 'a notification could not be delivered', {
          ...{ receiver: to.id, kind: Problem.from(error).kind },
        });
      });
    },
  };
}

/** A minute at first, half an hour at last. */
function pause(tries: number): number {
  return Math.min(30 * 60_000, 60_000 * 2 ** (tries - 1));
}

async function bring(
  { post, mailbox }: AlertDeliveryOptions,
  { to, notification }: Due,
): Promise<void> {
  if (to.kind === 'webhook') {
    await post(to.url, JSON.stringify(notification));
    return;
  }
  await mailbox.put(`${notification.id}>${to.id}`.slice(0, 200), mailOf(notification, to.address));
}

function mailOf(notification: Notification, to: string): Mail {
  const { state, severity, rule, text, fired, resolved } = notification;
  const lines = [text, '', `Rule: ${rule}`, `Severity: ${severity}`, `Since: ${fired}`];
  if (resolved !== undefined) lines.push(`Resolved: ${resolved}`);
  return {
    ...{ to, template: 'alert', text: `${lines.join('\n')}\n` },
    subject: `${state === 'firing' ? 'Alert' : 'Resolved'}: ${text}`,
  };
}

const check = checker<Due>({
  type: 'object',
  required: ['to', 'notification', 'at'],
  properties: {
    to: { type: 'object', required: ['id', 'kind'] },
    notification: { type: 'object', required: ['id', 'state', 'text'] },
    at: { type: 'number' },
  },
});

function dueOf({ body }: Outgoing): Due | undefined {
  try {
    return check(JSON.parse(body));
  } catch {
    return undefined;
  }
}
