/**
 * Subscriptions as documents: what was asked for, whose they are, and in which view of the data. Owns the shape, what is
 * read from a body, and what is shown; who may make one is subscriptions.ts's.
 */
import { timeKey } from '../../../core/outbox.ts';
import { Schemas } from '../../../core/schema.ts';
import type { CollectionOf } from '../../../core/store.ts';
import { readCriteria, type Criteria } from './criteria.ts';
import { validationErrors } from './errors.ts';
import { check } from './event-schema.ts';

export interface MnsSubscription {
  readonly id: string;
  readonly environment: string;
  readonly workspace: string;
  /** Whose it is: the app; empty for callers of an open lane whom nobody knows. */
  readonly app: string;
  readonly reason: string;
  readonly end?: string;
  readonly criteria: string;
  readonly endpoint: string;
  readonly payload: Payload;
  /** Where that leads. */
  readonly mailbox: string;
  readonly workflow: string;
  /** The fields with which data are fetched to be delivered along, sealed; absent: they are not. */
  readonly hydration?: string;
  /** What makes it unique, hashed. */
  readonly claim: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

export type Payload = 'application/json' | 'application/fhir+json';

export const mnsSubscriptionCollection: CollectionOf<MnsSubscription> = {
  name: 'events.mns-subscriptions',
  keys: ({ environment, workspace, app, id, mailbox, created }) => ({
    all: [[timeKey(created), id]],
    owner: [[environment, workspace, app, id]],
    mailbox: [[environment, mailbox]],
  }),
};

/** The id of a subscription's document. */
export function subscriptionKey(environment: string, id: string): string {
  return `${environment}|${id}`;
}

/** A queue of another maker, led to a mailbox: from there its messages are fetched or pushed. Put by an operator. */
export interface Queue {
  readonly environment: string;
  /** `arn:aws:sqs:eu-west-2:<account>:<name>`. */
  readonly arn: string;
  readonly mailbox: string;
  readonly workflow: string;
}

export const queueCollection: CollectionOf<Queue> = {
  name: 'events.queues',
  keys: ({ environment, arn }) => ({ environment: [[environment, arn]] }),
};

export function queueKey(environment: string, arn: string): string {
  return `${environment}|${arn}`;
}

export const arnPattern = '^arn:aws:sqs:eu-west-2:\\d{0,12}:[\\w_.-]*$';

/** A body that was read. */
export interface Wish {
  readonly reason: string;
  readonly end?: string;
  readonly criteria: Criteria;
  /** As it was written. */
  readonly said: string;
  readonly endpoint: string;
  readonly payload: Payload;
  /** Undefined: no data are fetched. */
  readonly headers?: Readonly<Record<string, string>>;
}

const schema = {
  type: 'object',
  required: ['resourceType', 'status', 'reason', 'criteria', 'channel'],
  additionalProperties: false,
  properties: {
    resourceType: { const: 'Subscription' },
    id: { type: 'string', maxLength: 64 },
    status: { const: 'requested' },
    end: { type: 'string', maxLength: 64, format: 'date-time' },
    reason: { type: 'string', maxLength: 1000 },
    criteria: { type: 'string', maxLength: 1000, pattern: '^eventType=.*$' },
    channel: {
      type: 'object',
      required: ['type', 'endpoint', 'payload'],
      additionalProperties: false,
      properties: {
        type: { const: 'message' },
        endpoint: {
          type: 'string',
          maxLength: 400,
          pattern: `^mesh://[\\w]*\\?workflow_id=[\\w_.-]+$|${arnPattern}`,
        },
        payload: { enum: ['application/json', 'application/fhir+json'] },
      },
    },
    hydration: {
      type: 'object',
      required: ['enabled'],
      additionalProperties: false,
      properties: {
        enabled: { type: 'boolean' },
        headers: {
          type: 'object',
          maxProperties: 20,
          propertyNames: { pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$" },
          additionalProperties: { type: 'string', maxLength: 4096, pattern: '^[\\x20-\\x7e]*$' },
        },
      },
    },
  },
};

interface Body {
  readonly reason: string;
  readonly end?: string;
  readonly criteria: string;
  readonly channel: { readonly endpoint: string; readonly payload: Payload };
  readonly hydration?: {
    readonly enabled: boolean;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

const texts = { resourceType: 'Please provide the correct resource type for this endpoint' };

/** Fields that a connection needs for itself, and those by which proxies tell who called: the platform is no proxy here. */
const kept: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'content-length', 'transfer-encoding', 'te', 'trailer', 'upgrade'],
  ...['keep-alive', 'proxy-authorization', 'proxy-connection', 'expect', 'accept-encoding'],
  ...['forwarded', 'via', 'x-real-ip', 'range'],
]);

function isKept(name: string): boolean {
  return kept.has(name) || name.startsWith('x-forwarded-');
}

let faults: ReturnType<Schemas['faults']> | undefined;

/** @throws Problem 400 with `validationErrors` */
export function readWish(value: unknown): Wish {
  faults ??= new Schemas([], { allErrors: true }).faults(schema);
  check(faults, value, 'subscription', texts);
  const { reason, end, criteria: said, channel, hydration } = value as Body; // the schema has seen it
  const criteria = readCriteria(said);
  if ('fault' in criteria)
    throw validationErrors({ criteria: `Please provide a valid criteria: ${criteria.fault}` });
  const headers = hydration?.enabled === true ? (hydration.headers ?? {}) : undefined;
  const names = Object.keys(headers ?? {}).map((name) => name.toLowerCase());
  if (names.some(isKept) || new Set(names).size < names.length)
    throw validationErrors({
      'hydration.headers':
        'Please provide valid hydration.headers: each once, and none that a connection or a proxy sets',
    });
  return {
    ...{ reason, criteria, said, endpoint: channel.endpoint, payload: channel.payload },
    ...(end === undefined ? {} : { end }),
    ...(headers === undefined ? {} : { headers }),
  };
}

/** As it is shown to its owner: never the fields for fetching. */
export function shownSubscription(one: MnsSubscription): object {
  const { id, reason, end, criteria, endpoint, payload } = one;
  return {
    ...{ id, resourceType: 'Subscription', status: 'active' },
    ...(end === undefined ? {} : { end }),
    ...{ reason, criteria, channel: { type: 'message', endpoint, payload } },
  };
}
