/**
 * A subscription as it is sent: the rules of the profile EMS-Subscription-1, the first that fails is the refusal. Owns what
 * may stand in one; the criteria's grammar is criteria.ts's, who may subscribe for whom subscribing.ts's.
 */
import { readCriteria } from './criteria.ts';
import { all, theOnly, valueIn, valueOf, type FhirElement } from './elements.ts';
import { nemsError, type NemsCode } from './errors.ts';
import type { Wish } from './subscriptions.ts';

export const subscriptionProfile =
  'https://fhir.nhs.uk/STU3/StructureDefinition/EMS-Subscription-1';
const contactStem = 'https://directory.spineservices.nhs.uk/STU3/Organization/';

/** What may stand in each element; all else is refused rather than lost. */
const members: Readonly<Record<string, readonly string[]>> = {
  Subscription: ['meta', 'language', 'status', 'contact', 'end', 'reason', 'criteria', 'channel'],
  'Subscription.meta': ['profile'],
  'Subscription.contact': ['system', 'value', 'use'],
  'Subscription.channel': ['type', 'endpoint'],
};

/** @param now milliseconds since the epoch @throws Problem that names the element, what was expected and what was found */
export function readSubscription(resource: FhirElement, now: number): Wish {
  if (resource.name !== 'Subscription')
    throw nemsError(
      'INVALID_RESOURCE',
      'The body: expected a Subscription, found another resource',
    );
  checkServerFields(resource);
  checkMembers(resource);
  const profiles = all(resource, 'meta.profile').map(({ value }) => value);
  if (profiles.length > 0 && !profiles.includes(subscriptionProfile))
    throw refused('meta.profile', subscriptionProfile, 'another');
  checkFixed(resource, 'status', 'requested');
  const contacts = contactsIn(resource);
  const end = endIn(resource, now);
  const reason = textIn(resource, 'reason', 1000);
  const criteria = textIn(resource, 'criteria', 8000);
  const wanted = readCriteria(criteria);
  const channel = theOnly(resource, 'channel', 'Subscription');
  checkFixed(channel, 'type', 'message', 'Subscription.channel');
  const mailbox = valueOf(channel, 'endpoint', 'Subscription.channel').toUpperCase();
  if (!/^[A-Z0-9]{1,64}$/.test(mailbox))
    throw refused('channel.endpoint', 'the id of a mailbox of MESH', 'something else');
  const [first = ''] = contacts;
  return {
    ...{ contacts, odsCode: first.slice(contactStem.length).toUpperCase(), reason },
    ...{ criteria, wanted, mailbox },
    ...(end === undefined ? {} : { end }),
  };
}

/** What the service alone gives. */
function checkServerFields(resource: FhirElement): void {
  for (const path of ['id', 'meta.versionId', 'meta.lastUpdated'])
    if (all(resource, path).length > 0)
      throw refused(path, 'none: the service gives it', 'one', 'INVALID_ELEMENT');
}

function checkMembers(element: FhirElement, at = 'Subscription'): void {
  const allowed = members[at];
  if (!allowed) return;
  for (const child of element.children) {
    if (!allowed.includes(child.name))
      throw nemsError(
        'INVALID_ELEMENT',
        `${at}: expected none but ${allowed.join(', ')}, found another element`,
      );
    checkMembers(child, `${at}.${child.name}`);
  }
}

function contactsIn(resource: FhirElement): readonly string[] {
  const contacts = all(resource, 'contact');
  if (contacts.length === 0) throw refused('contact', 'at least one', 'none');
  if (contacts.length > 20) throw refused('contact', 'at most 20', `${contacts.length}`);
  return contacts.map((contact) => {
    checkFixed(contact, 'system', 'url', 'Subscription.contact');
    checkFixed(contact, 'use', 'work', 'Subscription.contact');
    const value = valueOf(contact, 'value', 'Subscription.contact');
    if (
      value.startsWith(contactStem) &&
      /^[A-Za-z0-9]{1,12}$/.test(value.slice(contactStem.length))
    )
      return value;
    throw refused('contact.value', `${contactStem} and an ODS code`, 'something else');
  });
}

/** FHIR's instant: with seconds and a zone. */
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

function endIn(resource: FhirElement, now: number): string | undefined {
  const end = valueIn(resource, 'end', 'Subscription');
  if (end === undefined) return undefined;
  const time = Date.parse(end);
  if (!instant.test(end) || Number.isNaN(time))
    throw refused('end', 'an instant with seconds and zone', 'something else');
  if (time <= now) throw refused('end', 'a time to come', 'one that is over');
  return end;
}

function textIn(resource: FhirElement, name: string, most: number): string {
  const text = valueOf(resource, name, 'Subscription');
  if (text.length <= most && !text.includes('\0')) return text;
  throw refused(name, `at most ${most} characters`, `${text.length}`);
}

function checkFixed(
  element: FhirElement,
  name: string,
  expected: string,
  at = 'Subscription',
): void {
  if (valueOf(element, name, at) === expected) return;
  throw nemsError('INVALID_RESOURCE', `${at}.${name}: expected ${expected}, found another value`);
}

function refused(
  path: string,
  expected: string,
  found: string,
  code: NemsCode = 'INVALID_RESOURCE',
) {
  return nemsError(code, `Subscription.${path}: expected ${expected}, found ${found}`);
}
