/**
 * Making, reading and removing subscriptions. Owns who may: a system for the organisations it stands for, to a mailbox of
 * the organisation that is named first, and afterwards nobody but the same system.
 */
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Collection, Store, Stored } from '../../core/store.ts';
import type { Mailboxes } from '../mesh/mailboxes.ts';
import { elementOfJson, elementOfXml } from './elements.ts';
import { nemsError } from './errors.ts';
import { eventTypeOf } from './event-types.ts';
import type { Notices } from './lifecycle.ts';
import { bodyMedia } from './media.ts';
import { bodyOf } from './publishing.ts';
import { outcomeOf, replyWith } from './replies.ts';
import { readSubscription } from './subscription-read.ts';
import { resourceOf } from './subscription-resource.ts';
import {
  keysOf,
  newSubscriptionId,
  subscriptionCollection,
  subscriptionKey,
  type NemsSubscription,
  type Wish,
} from './subscriptions.ts';

export interface SubscribingOptions {
  readonly store: Store;
  readonly mailboxes: Pick<Mailboxes, 'mailbox'>;
  readonly notices: Notices;
  /** The organisations that an accredited system stands for: its own and its clients. */
  readonly organisationsOf: (asid: string, exchange: Exchange) => Promise<readonly string[]>;
  /** The absolute address of a subscription, as the caller reaches it. */
  readonly addressOf: (exchange: Exchange, id: string) => string;
  readonly now: () => number;
}

/** @throws Problem that names the rule */
export async function create(options: SubscribingOptions, exchange: Exchange): Promise<Reply> {
  const { store, notices, now, addressOf } = options;
  const { form, charset } = bodyMedia(exchange, ['xml', 'json']);
  const bytes = await bodyOf(exchange);
  const resource = form === 'xml' ? await elementOfXml(bytes, charset) : elementOfJson(bytes);
  const wish = readSubscription(resource, now());
  aboutWhom(exchange, wish);
  const { environment } = exchange;
  const told = await notices(
    environment,
    wish.wanted.events.flatMap((code) => eventTypeOf(code) ?? []),
  );
  await checkWhose(options, exchange, wish);
  await checkRoom(store, { environment, ...wish });
  const id = newSubscriptionId();
  const value: NemsSubscription = {
    environment,
    id,
    ...ownerOf(exchange),
    created: now(),
    ...wish,
  };
  const stored = await store
    .open(subscriptionCollection)
    .put(subscriptionKey(environment, id), value, { expected: 0 });
  exchange.facts.commit = stored.commit;
  const headers = { location: addressOf(exchange, id) };
  return replyWith(exchange, 201, told.length > 0 ? outcomeOf(told) : undefined, headers);
}

export async function read({ store, now }: SubscribingOptions, exchange: Exchange): Promise<Reply> {
  const { value } = await own(store.open(subscriptionCollection), exchange);
  aboutWhom(exchange, value);
  return replyWith(exchange, 200, resourceOf(value, now()), {
    'last-modified': new Date(value.created).toUTCString(),
  });
}

export async function remove({ store }: SubscribingOptions, exchange: Exchange): Promise<Reply> {
  const subscriptions = store.open(subscriptionCollection);
  const { id, version, value } = await own(subscriptions, exchange);
  aboutWhom(exchange, value);
  await subscriptions.remove(id, version);
  return replyWith(exchange, 200);
}

function aboutWhom({ facts }: Exchange, { wanted: { nhsNumber } }: Pick<Wish, 'wanted'>): void {
  if (nhsNumber !== undefined) facts.people.push(nhsNumber);
}

function ownerOf({ caller }: Exchange): Pick<NemsSubscription, 'asid' | 'app'> {
  return { asid: caller?.asid ?? '', app: caller?.appId ?? '' };
}

/** That of the path, if it is the caller's; others need not know that it is there. */
async function own(
  subscriptions: Collection<NemsSubscription>,
  exchange: Exchange,
): Promise<Stored<NemsSubscription>> {
  const { id = '' } = exchange.params;
  const isId = /^[0-9a-f]{32}$/.test(id);
  const found = isId
    ? await subscriptions.get(subscriptionKey(exchange.environment, id))
    : undefined;
  const { asid, app } = ownerOf(exchange);
  if (found?.value.asid === asid && found.value.app === app) return found;
  throw nemsError(
    'NO_RECORD_FOUND',
    'Expected the id of a subscription of this system, found none such',
  );
}

/**
 * Of one mailbox for the same patient or rule and the same events: each that matches is told in one field of the copy, which
 * clients take up to 16 KB of.
 */
const mostAlike = 10;

/** @throws Problem INVALID_RESOURCE */
async function checkRoom(
  store: Store,
  wish: Pick<NemsSubscription, 'environment' | 'wanted' | 'odsCode' | 'mailbox'>,
): Promise<void> {
  const subscriptions = store.open(subscriptionCollection);
  for (const key of keysOf(wish)) {
    const query = { index: 'wanted', equals: [wish.mailbox, key], limit: mostAlike };
    if ((await subscriptions.find(query)).items.length < mostAlike) continue;
    throw nemsError(
      'INVALID_RESOURCE',
      `Subscription.criteria: expected at most ${mostAlike} subscriptions of one mailbox for the same patient or rule and event, found as many`,
    );
  }
}

/** @throws Problem ACCESS_DENIED, INVALID_RESOURCE */
async function checkWhose(
  { mailboxes, organisationsOf }: SubscribingOptions,
  exchange: Exchange,
  { contacts, odsCode, mailbox: id }: Wish,
): Promise<void> {
  const codes = contacts.map((one) => one.slice(one.lastIndexOf('/') + 1).toUpperCase());
  const allowed = await organisationsOf(exchange.caller?.asid ?? '', exchange);
  if (!codes.every((code) => allowed.includes(code)))
    throw nemsError(
      'ACCESS_DENIED',
      'Subscription.contact: expected organisations that the calling system stands for, found another',
    );
  const mailbox = await mailboxes.mailbox(exchange.environment, id);
  if (mailbox?.active === true && mailbox.odsCode.toUpperCase() === odsCode) return;
  throw nemsError(
    'INVALID_RESOURCE',
    `Subscription.channel.endpoint: expected an active mailbox of ${odsCode}, the organisation of the first contact, found none such`,
  );
}
