/**
 * Alerts as they are kept, who is told of them, and what they are told. Owns the documents and the notification's form.
 */
import type { CollectionOf } from '../../core/store.ts';
import type { Severity } from './alert-rules.ts';

/** A rule that has fired for a subject. One document a pair, with its newest episode. */
export interface Alert {
  readonly rule: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly state: 'firing' | 'resolved';
  readonly text: string;
  /** Rises by one each time it fires. */
  readonly episode: number;
  /** Milliseconds since the epoch. */
  readonly fired: number;
  readonly resolved?: number;
  readonly app?: string;
}

export const alertCollection: CollectionOf<Alert> = {
  name: 'observe.alerts',
  keys: ({ state, fired }) => ({
    state: [[state, new Date(fired).toISOString()]],
    time: [['all', new Date(fired).toISOString()]],
  }),
};

/** Who is told: an address on the web that takes JSON, or a mail address. */
export type Receiver =
  | { readonly id: string; readonly kind: 'webhook'; readonly url: string }
  | { readonly id: string; readonly kind: 'email'; readonly address: string };

export const receiverCollection: CollectionOf<Receiver> = {
  name: 'observe.alert-receivers',
  keys: () => ({ all: [['all']] }),
};

/** What a webhook is sent, as JSON. The same `id` comes again only when the first delivery was not confirmed. */
export interface Notification {
  readonly id: string;
  readonly state: 'firing' | 'resolved';
  readonly rule: string;
  readonly subject: string;
  readonly severity: Severity;
  readonly text: string;
  /** ISO times. */
  readonly fired: string;
  readonly resolved?: string;
}

/** One notification for one receiver: an entry of the outbox. */
export interface Due {
  readonly to: Receiver;
  readonly notification: Notification;
  /** When it arose: milliseconds since the epoch. */
  readonly at: number;
}

export const notifyTopic = 'observe.notify';

export function alertId(rule: string, subject: string): string {
  return `${rule}:${subject}`.slice(0, 200);
}

export function notificationOf(alert: Alert): Notification {
  const { rule, subject, severity, state, text, episode, fired, resolved } = alert;
  return {
    id: `${alertId(rule, subject)}#${episode}:${state}`,
    ...{ state, rule, subject, severity, text },
    fired: new Date(fired).toISOString(),
    ...(resolved === undefined ? {} : { resolved: new Date(resolved).toISOString() }),
  };
}
