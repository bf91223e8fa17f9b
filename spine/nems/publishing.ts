/**
 * An event message is published: read, judged, matched, kept with one copy for each mailbox. Owns that order and what becomes
 * of copies: the bytes as they came, and in `mex-partnerid` the subscriptions that have a tag. Keeping and delivering is
 * spine/events'.
 */
import { hash } from 'node:crypto';
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Store } from '../../core/store.ts';
import { Problem } from '../../core/problem.ts';
import type { Events } from '../events/engine.ts';
import { eventCollection, mostEventBytes, type Copy } from '../events/event.ts';
import type { Matching } from '../events/matching.ts';
import { elementOfXml } from './elements.ts';
import { nemsError } from './errors.ts';
import { readEventMessage, type EventMessage } from './event-message.ts';
import { publishedBy, writeInteractions, type EventType } from './event-types.ts';
import type { Notices } from './lifecycle.ts';
import { bodyMedia } from './media.ts';
import { rulesOf, type Person } from './people.ts';
import { outcomeOf, replyWith } from './replies.ts';
import { patientKey, ruleKey, type Happened, type NemsSubscription } from './subscriptions.ts';

/** Why nobody is told of an event, or whom it is about. */
export type FoundPerson = { readonly person: Person } | { readonly withheld: string };

/** The record of the patient, as demographics has it. @throws Problem when nobody can tell */
export type FindPerson = (nhsNumber: string, exchange: Exchange) => Promise<FoundPerson>;

export type SubscriptionMatching = Pick<Matching<NemsSubscription, Happened>, 'matches'>;

export interface PublishingOptions {
  readonly store: Store;
  readonly events: Events;
  readonly matching: SubscriptionMatching;
  readonly notices: Notices;
  readonly find: FindPerson;
  readonly now: () => number;
}

/** @throws Problem that names the rule */
export async function publish(options: PublishingOptions, exchange: Exchange): Promise<Reply> {
  const { charset, type: mediaType } = bodyMedia(exchange, ['xml']);
  const content = await bodyOf(exchange);
  const message = readEventMessage(await elementOfXml(content, charset));
  const { environment, workspace } = exchange;
  const { id, nhsNumber: subject, type, time } = message;
  exchange.facts.people.push(subject);
  checkInteraction(exchange, type);
  const notices = await options.notices(environment, [type]);
  const copies = await copiesOf(options, exchange, message);
  const published = await options.events.publish({
    ...{ environment, workspace, key: `nems|${id}`, type: type.code, time, subject, copies },
    body: { content, mediaType },
  });
  if (published.repeated) await checkSame(options.store, environment, published.id, content);
  return replyWith(exchange, 202, notices.length > 0 ? outcomeOf(notices) : undefined);
}

/** The body of a call, up to what an event may have. */
export async function bodyOf({ body }: Exchange): Promise<Buffer> {
  try {
    return await body.bytes(mostEventBytes);
  } catch (error) {
    if (Problem.from(error).kind !== 'too-large') throw error;
    throw nemsError('INVALID_REQUEST_MESSAGE', 'The body: expected at most 3 MB, found more');
  }
}

function checkInteraction({ headers }: Exchange, type: EventType): void {
  const sent = headers.interactionid?.trim() ?? '';
  if (publishedBy(sent)?.code === type.code) return;
  throw nemsError(
    'MISSING_OR_INVALID_HEADER',
    `InteractionID: expected ${writeInteractions(type)[0] ?? ''} for an event ${type.code}, found that of another`,
  );
}

/** A publication that is repeated is answered again; one that takes its id for something else is not. */
async function checkSame(
  store: Store,
  environment: string,
  id: string,
  content: Buffer,
): Promise<void> {
  const query = { index: 'id', equals: [environment, id], limit: 1 };
  const [kept] = (await store.open(eventCollection).find(query)).items;
  if (!kept || kept.value.body.digest === hash('sha256', content, 'hex')) return;
  throw nemsError(
    'DUPLICATE_REJECTED',
    'MessageHeader.id: expected a UUID of this publication alone, found that of another message within 24 hours',
  );
}

async function copiesOf(
  { matching, find, now }: PublishingOptions,
  exchange: Exchange,
  message: EventMessage,
): Promise<readonly Copy[]> {
  const { environment, log } = exchange;
  const { nhsNumber, type } = message;
  const found = agreed(await find(nhsNumber, exchange), message);
  if ('withheld' in found) {
    log.log('info', 'an event is told to nobody', { event: message.id, reason: found.withheld });
    return [];
  }
  const { person } = found;
  const numbers = [...new Set([nhsNumber, person.nhsNumber])];
  const keys = [
    ...numbers.map((number) => patientKey(environment, type.code, number)),
    ...rulesOf(person).map(([rule, code]) => ruleKey(environment, type.code, rule, code)),
  ];
  const subscriptions = await matching.matches(keys, { person, now: now() });
  const byMailbox = new Map<string, NemsSubscription[]>();
  for (const one of subscriptions)
    byMailbox.set(one.mailbox, [...(byMailbox.get(one.mailbox) ?? []), one]);
  return [...byMailbox].map(([mailbox, those]) => copyFor(mailbox, type, those));
}

/** What the message says of the patient must be what demographics says: else it may be about somebody else. */
function agreed(found: FoundPerson, { families, birthDate }: EventMessage): FoundPerson {
  if ('withheld' in found) return found;
  const { person } = found;
  if (!families.some((family) => person.families.includes(family)))
    return { withheld: 'the family name is not that of the record' };
  const length = Math.min(birthDate.length, person.birthDate.length);
  if (birthDate.slice(0, length) !== person.birthDate.slice(0, length))
    return { withheld: 'the date of birth is not that of the record' };
  return found;
}

function copyFor(mailbox: string, type: EventType, those: readonly NemsSubscription[]): Copy {
  const tagged = those
    .toSorted((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))
    .flatMap(({ id, wanted: { tag } }) => (tag === undefined ? [] : [`${id}|${tag}`]));
  return {
    ...{ endpoint: `mailbox ${mailbox}`, mailbox, workflow: type.workflow, form: 'published' },
    subscriptions: those.map(({ id }) => id),
    ...(tagged.length === 0 ? {} : { partnerId: tagged.join('~~~') }),
  };
}
