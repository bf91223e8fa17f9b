/**
 * What is seen of mailboxes: what waits and since when, who came by last, messages as ids, states and times, and what became
 * of one. Also putting one back. The management API and the hub show it; who may is mesh-mailboxes.ts's. Never a body.
 */
import { openOutbox, type Delivery } from '../core/outbox.ts';
import { Problem } from '../core/problem.ts';
import type { Collection, OutboxEntry, Page } from '../core/store.ts';
import { mailboxKey, workflowCollection, type Mailbox } from '../spine/mesh/mailboxes.ts';
import { meshMessageCollection, messageKey, type MeshMessage } from '../spine/mesh/messages.ts';
import {
  directionOf,
  historyOf,
  longestWaiting,
  named,
  trafficOf,
  waitingIn,
  type HistoryQuery,
  type ListedMessage,
  type Traffic,
  type Waiting,
  type WaitingMailbox,
} from '../spine/mesh/overview.ts';
import { reportIds } from '../spine/mesh/reports.ts';
import { restored } from '../spine/mesh/restore.ts';
import { openSeen, type Seen } from '../spine/mesh/seen.ts';
import { pushTopic } from '../spine/postman/deliveries.ts';
import { receiptIds } from '../spine/postman/receipts.ts';
import type { Environment } from './catalogue/environments.ts';
import type { Ground } from './catalogue/records.ts';
import { must, type Actor } from './catalogue/roles.ts';
import { entered } from './catalogue/systems/deeds.ts';
import type { MailboxPlace, MailboxQuery, MeshAdministration } from './mesh-mailboxes.ts';

/** A mailbox in a list. */
export interface MailboxListed {
  readonly mailbox: Mailbox;
  readonly version: number;
  /** Counted up to a hundred. */
  readonly waiting: Waiting;
}

/** A mailbox by itself. */
export interface MailboxShown extends MailboxListed {
  readonly seen: Seen | undefined;
  /** Workflows that name it as a sender, and as who takes them. */
  readonly sends: readonly string[];
  readonly takes: readonly string[];
}

/** A message with what became of it. */
export interface MessageTracked extends ListedMessage {
  /** Reports and receipts about it, for who sent it. */
  readonly reports: readonly MeshMessage[];
  /** Its pushes, for who receives it. */
  readonly pushes: readonly Delivery[];
}

export interface MeshViews {
  list(actor: Actor, query: MailboxQuery): Promise<Page<Mailbox> & { listed: MailboxListed[] }>;
  /** Where messages have waited longest, for who may see all mailboxes. @throws Problem `forbidden` */
  longest(actor: Actor, environment: Environment): Promise<readonly WaitingMailbox[]>;
  /** @throws Problem `not-found`, `forbidden`; so all that follow */
  show(actor: Actor, at: MailboxPlace): Promise<MailboxShown>;
  /** What went in and out lately. @param most messages that are looked at */
  traffic(actor: Actor, at: MailboxPlace, most?: number): Promise<Traffic>;
  history(
    actor: Actor,
    at: MailboxPlace,
    query: HistoryQuery,
  ): Promise<{ readonly items: readonly ListedMessage[]; readonly next?: string }>;
  /** By the id of a message, or the local id under which it was sent. */
  named(actor: Actor, at: MailboxPlace, ref: string): Promise<readonly ListedMessage[]>;
  track(actor: Actor, at: MailboxPlace, id: string): Promise<MessageTracked>;
  /** @throws Problem `conflict` for one that cannot go back */
  restore(actor: Actor, at: MailboxPlace, id: string): Promise<MeshMessage>;
}

export interface MeshViewsOptions extends Ground {
  readonly administration: Pick<MeshAdministration, 'list' | 'read' | 'mayChange'>;
  /** What else comes of a message that is in its inbox again. */
  readonly accepted?: ((message: MeshMessage) => readonly OutboxEntry[]) | undefined;
}

export function openMeshViews(options: MeshViewsOptions): MeshViews {
  const { store, clock, administration } = options;
  const messages = store.open(meshMessageCollection);
  const seen = openSeen(store, () => clock.now());
  const outbox = openOutbox(store, clock);
  const within = async (actor: Actor, at: MailboxPlace, id: string) => {
    await administration.read(actor, at);
    const message = /^[A-Z0-9_]{1,60}$/.test(id)
      ? (await messages.get(messageKey(at.environment, id)))?.value
      : undefined;
    const direction = message && directionOf(message, at.id);
    if (message && direction) return { message, direction };
    throw new Problem('not-found', 'There is no such message in this mailbox');
  };
  return {
    async list(actor, query) {
      const page = await administration.list(actor, query);
      const listed = page.items.map(async ({ value: mailbox, version }) => ({
        ...{ mailbox, version },
        waiting: await waitingIn(messages, mailbox.environment, mailbox.id, 100),
      }));
      return { ...page, listed: await Promise.all(listed) };
    },
    async longest(actor, environment) {
      must(actor, 'mailbox.read');
      return longestWaiting(messages, environment);
    },
    async show(actor, at) {
      const { value: mailbox, version } = await administration.read(actor, at);
      const [waiting, last, flows] = await Promise.all([
        waitingIn(messages, at.environment, at.id),
        seen.get(at.environment, at.id),
        workflowsOf(options, at),
      ]);
      return { mailbox, version, waiting, seen: last, ...flows };
    },
    async traffic(actor, at, most) {
      await administration.read(actor, at);
      return trafficOf(messages, at.environment, at.id, clock.now(), most);
    },
    async history(actor, at, query) {
      await administration.read(actor, at);
      return historyOf(messages, at.environment, at.id, query);
    },
    async named(actor, at, ref) {
      await administration.read(actor, at);
      return named(messages, at.environment, at.id, ref);
    },
    async track(actor, at, id) {
      const found = await within(actor, at, id);
      const { message } = found;
      const [reports, deliveries] = await Promise.all([
        message.sender === at.id ? toldAbout(messages, message) : [],
        message.recipient === at.id ? outbox.named(id) : [],
      ]);
      const mine = ({ topic, about }: Delivery) =>
        topic === pushTopic && about.environment === at.environment && about.mailbox === at.id;
      return { ...found, reports, pushes: deliveries.filter(mine) };
    },
    async restore(actor, at, id) {
      const action = 'mailbox.restore';
      await administration.mayChange(actor, at, action);
      const { message } = await within(actor, at, id);
      if (message.recipient !== at.id)
        throw new Problem('not-found', 'There is no such message for this mailbox');
      const about = `${mailboxKey(at.environment, at.id)} ${id}`;
      return entered(options, { actor, action, environment: at.environment }, about, () =>
        restored(messages, messageKey(at.environment, id), clock.now(), options.accepted),
      );
    },
  };
}

/** What the sender of a message was told of it; oldest first. */
async function toldAbout(
  messages: Collection<MeshMessage>,
  message: MeshMessage,
): Promise<readonly MeshMessage[]> {
  const { environment, sender } = message;
  const ids = new Set([...reportIds(message), ...receiptIds(message)]);
  const found = await Promise.all([...ids].map((id) => messages.get(messageKey(environment, id))));
  return found
    .flatMap((one) => (one?.value.recipient === sender ? [one.value] : []))
    .sort((one, other) => one.created - other.created);
}

/** The first hundreds of an environment: it has some tens. */
async function workflowsOf(
  { store }: Ground,
  { environment, id }: MailboxPlace,
): Promise<Pick<MailboxShown, 'sends' | 'takes'>> {
  const query = { index: 'environment', equals: [environment], limit: 1000 };
  const { items } = await store.open(workflowCollection).find(query);
  const ids = (side: 'senders' | 'receivers') =>
    items.filter(({ value }) => value[side].includes(id)).map(({ value }) => value.id);
  return { sends: ids('senders'), takes: ids('receivers') };
}
