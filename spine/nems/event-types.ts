/**
 * The event types of the national events service: each with its display, the workflow of its copies in MESH, and the word by
 * which publishers' systems are assured for it. Owns the table and the interaction ids; in which state of life a type is,
 * lifecycle.ts tells.
 */

export interface EventType {
  /** `pds-change-of-gp-1`. */
  readonly code: string;
  readonly display: string;
  /** Of the messages that carry it. */
  readonly workflow: string;
  /** Its name in published interaction ids; absent where the national service itself is the only publisher. */
  readonly published?: string;
}

export const eventTypes: readonly EventType[] = [
  type(
    'blood-spot-test-outcome-1',
    'BLOODSPOTTESTOUTCOME_1',
    'Blood Spot Test Outcome',
    'Bloodspottestoutcome',
  ),
  type('newborn-hearing-1', 'NEWBORNHEARING_1', 'Newborn Hearing', 'Newbornhearing'),
  type('nipe-outcome-1', 'NIPEOUTCOME_1', 'NIPE Outcome', 'Nipeoutcome'),
  type(
    'professional-contacts-1',
    'PROFESSIONALCONTACTS_1',
    'Professional Contacts',
    'Professionalcontacts',
  ),
  type('vaccinations-1', 'VACCINATIONS_1', 'Vaccinations', 'Vaccinations'),
  type('pds-birth-notification-1', 'BIRTHNOTIFICATION_1', 'PDS Birth Notification'),
  type('pds-change-of-address-1', 'CHANGEOFADDRESS_1', 'PDS Change of Address'),
  type('pds-change-of-gp-1', 'CHANGEOFGP_1', 'PDS Change of GP'),
  type('pds-death-notification-1', 'DEATHNOTIFICATION_1', 'PDS Death Notification'),
  type('pds-record-change-1', 'PDSRECORDCHANGE_1', 'PDS Record Change'),
];

const byCode = new Map(eventTypes.map((one) => [one.code, one]));

export function eventTypeOf(code: string): EventType | undefined {
  return byCode.get(code);
}

const stem = 'urn:nhs:names:services:events:';

/** The ids under which a system may be assured to publish it; the first is the one to give out. */
export function writeInteractions({ code, published }: EventType): readonly string[] {
  return [...(published === undefined ? [] : [published]), code].map(
    (one) => `${stem}${one}.Write`,
  );
}

/** The event type that an interaction id publishes. */
export function publishedBy(interaction: string): EventType | undefined {
  return eventTypes.find((one) => writeInteractions(one).includes(interaction));
}

const subscriptions = 'urn:nhs:names:services:clinicals-sync:SubscriptionsApi';

export const subscriptionInteractions = {
  create: `${subscriptions}Post`,
  read: `${subscriptions}Get`,
  remove: `${subscriptions}Delete`,
} as const;

function type(code: string, workflow: string, display: string, published?: string): EventType {
  return { code, workflow, display, ...(published === undefined ? {} : { published }) };
}
