/**
 * Subscriptions of the national events service as documents, and under which keys each is found when an event comes. Owns
 * shape, keys and what fits; reading one is subscription-read.ts's, the copy in memory spine/events/matching.ts's.
 */
import { randomBytes } from 'node:crypto';
import { timeKey } from '../../core/outbox.ts';
import type { CollectionOf } from '../../core/store.ts';
import type { Compiled } from '../events/matching.ts';
import { ageOn, type Person } from './people.ts';
import type { Criteria, Rule } from './criteria.ts';

/** As its subscriber sent it. */
export interface Wish {
  /** Each contact's address; all are of use `work`. The first is whose mailbox it is. */
  readonly contacts: readonly string[];
  readonly odsCode: string;
  /** A FHIR instant. */
  readonly end?: string;
  readonly reason: string;
  /** As written, and as read. */
  readonly criteria: string;
  readonly wanted: Criteria;
  readonly mailbox: string;
}

export interface NemsSubscription extends Wish {
  readonly environment: string;
  /** 32 digits in lower-case hex. */
  readonly id: string;
  /** Whose it is: the system that made it, and the app it is of. */
  readonly asid: string;
  readonly app: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

export const subscriptionCollection: CollectionOf<NemsSubscription> = {
  name: 'nems.subscriptions',
  keys: ({ environment, id, end, created, mailbox, ...subscription }) => ({
    all: [[id]],
    wanted: keysOf({ environment, ...subscription }).map((key) => [mailbox, key]),
    environment: [[environment, timeKey(created), id]],
    ...(end === undefined ? {} : { end: [[timeKey(Date.parse(end))]] }),
  }),
};

export function subscriptionKey(environment: string, id: string): string {
  return `${environment}|${id}`;
}

export function newSubscriptionId(): string {
  return randomBytes(16).toString('hex');
}

/** What an event is matched by. */
export interface Happened {
  readonly person: Person;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The key of an event for one patient, and of one rule with its code. */
export function patientKey(environment: string, event: string, nhsNumber: string): string {
  return `${environment}|${event}|${nhsNumber}`;
}
export function ruleKey(environment: string, event: string, rule: Rule, code: string): string {
  return `${environment}|${event}|${rule}|${code}`;
}

/** The keys that a subscription is found by. */
export function keysOf({
  environment,
  wanted,
  odsCode,
}: Pick<NemsSubscription, 'environment' | 'wanted' | 'odsCode'>): readonly string[] {
  const { events, nhsNumber = '', rule, code = odsCode } = wanted;
  return events.map((event) =>
    rule === undefined
      ? patientKey(environment, event, nhsNumber)
      : ruleKey(environment, event, rule, code),
  );
}

/** For the index in memory. */
export function compile(subscription: NemsSubscription): Compiled<Happened> {
  return { keys: keysOf(subscription), fits: (happened) => fits(subscription, happened) };
}

function fits({ end, wanted }: NemsSubscription, { person, now }: Happened): boolean {
  const { ages, registration } = wanted;
  if (end !== undefined && Date.parse(end) <= now) return false;
  if (registration === 'RegisteredOnly' && person.practice === undefined) return false;
  if (registration === 'UnregisteredOnly' && person.practice !== undefined) return false;
  if (ages.length === 0) return true;
  const age = ageOn(person.birthDate, now);
  return (
    age !== undefined && ages.every(({ is, years }) => (is === 'lt' ? age < years : age > years))
  );
}
