/**
 * Push subscriptions as administration changes them: who has a mailbox pushed, where to, and the proof that the endpoint wants
 * it. Whoever may read or change a mailbox may do so with its pushes. Owns these rules and what is entered; secrets are shown
 * once, when they are made.
 */
import { openOutbox, type ListQuery } from '../core/outbox.ts';
import { Problem } from '../core/problem.ts';
import type { Page, Stored } from '../core/store.ts';
import { challenge } from '../spine/postman/challenge.ts';
import { laneOf } from '../spine/postman/deliveries.ts';
import {
  subscriptionCollection,
  type Contract,
  type PushSubscription,
} from '../spine/postman/subscriptions.ts';
import { newSecret } from './auth/tokens.ts';
import type { Environment } from './catalogue/environments.ts';
import type { PageQuery } from './catalogue/app-administration.ts';
import type { Ground } from './catalogue/records.ts';
import { may, must, type Actor } from './catalogue/roles.ts';
import { entered } from './catalogue/systems/deeds.ts';
import type { MailboxPlace, MeshAdministration } from './mesh-mailboxes.ts';
import type { PostmanOutgoing } from './postman-outgoing.ts';
import type { PushSecrets } from './postman-parts.ts';

/** What is asked for. */
export interface PushWish {
  readonly url: string;
  readonly ordering: PushSubscription['ordering'];
  readonly onDead: PushSubscription['onDead'];
  readonly receipts: PushSubscription['receipts'];
  readonly acknowledge: boolean;
  readonly contract?: Contract;
}

/** What stands in the line of a subscription; counted up to a thousand. */
export interface PushesStanding {
  readonly waiting: number;
  readonly dead: number;
  /** When the oldest that waits was handed in. */
  readonly oldest?: number;
}

export interface PushAdministration {
  /** Of a mailbox; of all where none is named. @throws Problem `forbidden`, `not-found` */
  list(
    actor: Actor,
    of: { readonly environment?: Environment; readonly mailbox?: string },
    page: PageQuery,
  ): Promise<Page<PushSubscription>>;
  /** @throws Problem `not-found`, `forbidden`; so all that follow */
  read(actor: Actor, id: string): Promise<PushSubscription>;
  standing(subscription: PushSubscription): Promise<PushesStanding>;
  /** Pending until it is verified. @throws Problem `invalid` for an address that will not do, `conflict` for one that is there */
  create(actor: Actor, at: MailboxPlace, wish: PushWish): Promise<PushWithSecret>;
  /** Sends the challenge. @throws Problem `conflict` that tells why it is not verified */
  verify(actor: Actor, id: string): Promise<PushSubscription>;
  suspend(actor: Actor, id: string, reason: string | undefined): Promise<PushSubscription>;
  /** @throws Problem `conflict` before it is verified */
  resume(actor: Actor, id: string): Promise<PushSubscription>;
  newSecret(actor: Actor, id: string): Promise<PushWithSecret>;
  remove(actor: Actor, id: string): Promise<void>;
}

export interface PushWithSecret {
  readonly subscription: PushSubscription;
  readonly secret: string;
}

export interface PushAdministrationOptions extends Ground {
  readonly outgoing: PostmanOutgoing;
  readonly secrets: PushSecrets;
  readonly mailboxes: Pick<MeshAdministration, 'read' | 'mayChange' | 'allows'>;
}

/** The mailbox that a subscription is of. */
export function mailboxOf({ environment, mailbox }: PushSubscription): MailboxPlace {
  return { environment: environment as Environment, id: mailbox }; // create was given one
}

export function pushAdministration(options: PushAdministrationOptions): PushAdministration {
  const { store, clock, outgoing, secrets, mailboxes } = options;
  const collection = store.open(subscriptionCollection);
  const outbox = openOutbox(store, clock);
  const theOne = async (id: string): Promise<Stored<PushSubscription>> => {
    const found = await collection.get(id);
    if (!found) throw new Problem('not-found', 'There is no such push subscription');
    return found;
  };
  /** Puts what `edit` makes of it, and enters that. */
  const change = async (
    actor: Actor,
    id: string,
    action: string,
    edit: (one: PushSubscription) => PushSubscription | Promise<PushSubscription>,
  ): Promise<PushSubscription> => {
    const { version, value } = await theOne(id);
    await mailboxes.mayChange(actor, mailboxOf(value), action);
    const next = await edit(value);
    const deed = { actor, action, environment: value.environment };
    await entered(options, deed, id, () => collection.put(id, next, { expected: version }));
    return next;
  };
  const count = async (query: ListQuery) => (await outbox.list({ ...query, limit: 1000 })).items;
  return {
    async list(actor, { environment, mailbox }, page) {
      if (environment === undefined || mailbox === undefined) must(actor, 'mailbox.read');
      else if (!may(actor, 'mailbox.read'))
        await mailboxes.read(actor, { environment, id: mailbox });
      const index = environment === undefined ? 'all' : 'mailbox';
      const equals = [environment, mailbox].flatMap((part) => part ?? []);
      return collection.find({ index, equals, ...page });
    },
    async read(actor, id) {
      const { value } = await theOne(id);
      await mailboxes.read(actor, mailboxOf(value));
      return value;
    },
    async standing({ id }) {
      const lane = laneOf(id);
      const waiting = await count({ lane, state: 'waiting' });
      const dead = await count({ lane, state: 'dead' });
      const oldest = waiting[0]?.value.created;
      return {
        waiting: waiting.length,
        dead: dead.filter(({ value }) => value.discarded !== true).length,
        ...(oldest === undefined ? {} : { oldest }),
      };
    },
    async create(actor, { environment, id: mailbox }, wish) {
      const action = 'push-subscription.create';
      await mailboxes.mayChange(actor, { environment, id: mailbox }, action);
      outgoing.check(wish.url);
      const there = await collection.find({ index: 'mailbox', equals: [environment, mailbox] });
      if (there.items.some(({ value }) => value.url === wish.url))
        throw new Problem('conflict', 'The mailbox is pushed to that endpoint already');
      const id = clock.newId();
      const secret = newSecret();
      const subscription: PushSubscription = {
        ...wish,
        ...{ id, environment, mailbox, sealed: secrets.seal(secret, id), state: 'pending' },
        created: clock.now(),
      };
      await entered(options, { actor, action, environment }, id, () =>
        collection.put(id, subscription, { expected: 0 }),
      );
      return { subscription, secret };
    },
    verify: (actor, id) =>
      change(actor, id, 'push-subscription.verify', async (one) => {
        const secret = secrets.open(one) ?? '';
        const word = newSecret();
        const fault = await challenge(one, { push: outgoing.push, secret, word, now: clock.now() });
        if (fault !== undefined) throw new Problem('conflict', `Not verified: ${fault}`);
        return { ...withoutReason(one), state: 'active', verified: clock.now() };
      }),
    suspend: (actor, id, reason) =>
      change(actor, id, 'push-subscription.suspended', (one) => ({
        ...withoutReason(one),
        state: 'suspended',
        ...(reason === undefined ? {} : { reason }),
      })),
    resume: (actor, id) =>
      change(actor, id, 'push-subscription.active', (one) => {
        if (one.verified === undefined)
          throw new Problem('conflict', 'The endpoint has yet to be verified');
        return { ...withoutReason(one), state: 'active' };
      }),
    async newSecret(actor, id) {
      const secret = newSecret();
      const subscription = await change(actor, id, 'push-subscription.secret', (one) => ({
        ...one,
        sealed: secrets.seal(secret, one.id),
      }));
      return { subscription, secret };
    },
    async remove(actor, id) {
      const action = 'push-subscription.remove';
      const { version, value } = await theOne(id);
      await mailboxes.mayChange(actor, mailboxOf(value), action);
      const { environment } = value;
      await entered(options, { actor, action, environment }, id, () =>
        collection.remove(id, version),
      );
    },
  };
}

function withoutReason({ reason: _reason, ...rest }: PushSubscription): PushSubscription {
  return rest;
}
