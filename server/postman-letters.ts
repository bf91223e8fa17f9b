/**
 * Pushes as administration looks at them and decides on those that were given up: replayed, redirected, discarded. Whoever
 * may read or change the mailbox may. Owns these rules and what is entered; the start of what endpoints answered is for those
 * alone who may change something, for it may hold a patient's data.
 */
import { openOutbox, type Delivery, type DeliveryState } from '../core/outbox.ts';
import { Problem } from '../core/problem.ts';
import type { Page } from '../core/store.ts';
import { meshMessageCollection } from '../spine/mesh/messages.ts';
import { openAttempts, type Attempt } from '../spine/postman/attempts.ts';
import { bodyOf, laneOf, pushOf, pushTopic } from '../spine/postman/deliveries.ts';
import { subscriptionCollection } from '../spine/postman/subscriptions.ts';
import type { PageQuery } from './catalogue/app-administration.ts';
import type { Environment } from './catalogue/environments.ts';
import type { Ground } from './catalogue/records.ts';
import { may, must, type Actor } from './catalogue/roles.ts';
import { entered } from './catalogue/systems/deeds.ts';
import type { MailboxPlace } from './mesh-mailboxes.ts';
import {
  mailboxOf,
  type PushAdministration,
  type PushAdministrationOptions,
} from './postman-subscriptions.ts';

export interface LettersQuery extends PageQuery {
  readonly state?: DeliveryState;
}

/** Which dead letters of a subscription are pushed anew, and how fast. Times in milliseconds since the epoch. */
export interface ReplayWish {
  readonly from: number;
  readonly to: number;
  readonly perSecond: number;
}

export interface LetterAdministration {
  /** Of a subscription; of all where none is named. @throws Problem `not-found`, `forbidden` */
  list(
    actor: Actor,
    subscription: string | undefined,
    query: LettersQuery,
  ): Promise<Page<Delivery>>;
  /** With its attempts. @throws Problem `not-found`, `forbidden`; so all that follow */
  read(actor: Actor, id: string): Promise<{ push: Delivery; made: readonly Attempt[] }>;
  /** @throws Problem `conflict` for what is no dead letter */
  replay(actor: Actor, id: string): Promise<Delivery>;
  /** A thousand at most. @returns how many */
  replayAll(actor: Actor, subscription: string, wish: ReplayWish): Promise<number>;
  /** In its place to the endpoint of another subscription. */
  redirect(actor: Actor, id: string, subscription: string): Promise<Delivery | undefined>;
  discard(actor: Actor, id: string, reason: string): Promise<Delivery>;
}

export interface LetterAdministrationOptions extends Ground {
  readonly mailboxes: PushAdministrationOptions['mailboxes'];
  readonly subscriptions: Pick<PushAdministration, 'read'>;
}

export function letterAdministration(options: LetterAdministrationOptions): LetterAdministration {
  const { store, clock, mailboxes } = options;
  const outbox = openOutbox(store, clock);
  const attempts = openAttempts(store);
  const subscriptions = store.open(subscriptionCollection);
  const theOne = async (id: string) => {
    const found = await outbox.get(id);
    if (found?.topic === pushTopic) return found;
    throw new Problem('not-found', 'There is no such push, or it is no longer kept');
  };
  /** One that the actor may decide on. */
  const changeable = async (actor: Actor, id: string, action: string) => {
    const push = await theOne(id);
    await mailboxes.mayChange(actor, placeOf(push), action);
    return { push, deed: { actor, action, environment: push.about.environment ?? '' } };
  };
  return {
    async list(actor, subscription, query) {
      if (subscription === undefined) must(actor, 'mailbox.read');
      else if (!may(actor, 'mailbox.read')) await options.subscriptions.read(actor, subscription);
      const lane = subscription === undefined ? {} : { lane: laneOf(subscription) };
      return outbox.list({ topic: pushTopic, ...lane, ...query });
    },
    async read(actor, id) {
      const push = await theOne(id);
      const { value } = await mailboxes.read(actor, placeOf(push));
      const all = await attempts.of(id);
      const open = await mailboxes.allows(actor, value);
      const made = open ? all : all.map(({ excerpt: _excerpt, ...rest }) => rest);
      return { push, made };
    },
    async replay(actor, id) {
      const { push, deed } = await changeable(actor, id, 'push.replay');
      onlyDead(push);
      return entered(options, deed, id, () => outbox.retry(id));
    },
    async replayAll(actor, subscription, { from, to, perSecond }) {
      const action = 'push.replay';
      const known = (await subscriptions.get(subscription))?.value;
      if (known) await mailboxes.mayChange(actor, mailboxOf(known), action);
      else must(actor, 'mailbox.change');
      const lane = laneOf(subscription);
      return entered(options, { actor, action }, subscription, async () => {
        const { items } = await outbox.list({ lane, state: 'dead', limit: 1000 });
        const meant = items.filter(({ value: { created, discarded } }) => {
          return created >= from && created <= to && discarded !== true;
        });
        const begin = clock.now();
        for (const [n, { id }] of meant.entries())
          await outbox.retry(id, begin + Math.floor(n / perSecond) * 1000);
        return meant.length;
      });
    },
    async redirect(actor, id, subscription) {
      const { push, deed } = await changeable(actor, id, 'push.redirect');
      onlyDead(push);
      const to = (await subscriptions.get(subscription))?.value;
      if (to?.state !== 'active' || to.environment !== push.about.environment)
        throw new Problem(
          'invalid',
          'There is no active subscription of that id in the environment',
        );
      await mailboxes.mayChange(actor, mailboxOf(to), deed.action);
      if (to.id === bodyOf(push).subscription)
        throw new Problem('invalid', 'It is pushed to that endpoint already: replay it');
      const message = (await store.open(meshMessageCollection).get(bodyOf(push).message))?.value;
      if (message?.state !== 'accepted')
        throw new Problem('conflict', 'The message no longer waits in its mailbox');
      const other = pushOf(to, message);
      await entered(options, deed, id, async () => {
        await outbox.add(other);
        await outbox.discard(id, `redirected to ${to.id} by ${actor.id}`);
      });
      return outbox.get(other.id);
    },
    async discard(actor, id, reason) {
      const { deed } = await changeable(actor, id, 'push.discard');
      const text = `discarded by ${actor.id}: ${reason}`;
      return entered(options, deed, id, () => outbox.discard(id, text));
    },
  };
}

function placeOf({ about }: Delivery): MailboxPlace {
  return { environment: about.environment as Environment, id: about.mailbox ?? '' }; // pushOf wrote it
}

function onlyDead({ state }: Delivery): void {
  if (state !== 'dead') throw new Problem('conflict', 'It is no dead letter');
}
