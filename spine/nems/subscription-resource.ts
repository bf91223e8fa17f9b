/** A subscription as it is shown to its subscriber: the resource that was sent, with what the service has added. */
import type { Resource } from '../sds/ods-fhir-form.ts';
import { subscriptionProfile } from './subscription-read.ts';
import type { NemsSubscription } from './subscriptions.ts';

/** @param now milliseconds since the epoch: one that has ended is `off` */
export function resourceOf(
  { id, created, contacts, end, reason, criteria, mailbox }: NemsSubscription,
  now: number,
): Resource {
  const isOver = end !== undefined && Date.parse(end) <= now;
  return {
    ...{ resourceType: 'Subscription', id },
    meta: {
      ...{ versionId: '1', lastUpdated: new Date(created).toISOString() },
      profile: [subscriptionProfile],
    },
    status: isOver ? 'off' : 'active',
    contact: contacts.map((value) => ({ system: 'url', value, use: 'work' })),
    ...(end === undefined ? {} : { end }),
    ...{ reason, criteria, channel: { type: 'message', endpoint: mailbox } },
  };
}
