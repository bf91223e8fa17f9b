/**
 * What recipients get: the CloudEvent without what it was matched by, or the signal as a FHIR Bundle (history, with the status
 * of the subscription in R4 form). Owns both forms; data that were fetched come along in either.
 */
import { hash } from 'node:crypto';
import type { ReadEvent } from './event-schema.ts';

/** Data that were fetched. */
export interface FetchedData {
  readonly url: string;
  readonly mediaType: string;
  readonly resource: unknown;
}

/** @param published the event as it came */
export function writeCloudEvent(published: string, data: FetchedData | undefined): string {
  const event = JSON.parse(published) as Record<string, unknown>; // api.ts has read it
  delete event.filtering;
  if (!data) return JSON.stringify(event);
  return JSON.stringify({ ...event, datacontenttype: data.mediaType, data: data.resource });
}

const profile =
  'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4';

/** @param subscriptions the absolute address of the subscriptions of the face */
export function writeSignal(
  event: ReadEvent,
  subscriptions: string,
  data: FetchedData | undefined,
): string {
  const { id, time, type, source, subject, dataref, versionid } = event;
  const own = uuidOf(`signal ${source} ${id}`);
  const reference = (url: string) => ({ valueReference: { reference: url } });
  const parameter = [
    { name: 'subscription', ...reference(subscriptions) },
    { name: 'status', valueCode: 'active' },
    { name: 'type', valueCode: 'event-notification' },
    {
      name: 'notification-event',
      part: [
        { name: 'event-number', valueString: '1' },
        { name: 'timestamp', valueInstant: time },
        ...(dataref === undefined ? [] : [{ name: 'focus', ...reference(dataref) }]),
      ],
    },
    {
      name: 'additional-context',
      part: [
        { name: 'event-type', valueString: type },
        { name: 'source', valueUri: source },
        ...(subject === undefined
          ? []
          : [{ name: 'subject', valueReference: { identifier: { value: subject } } }]),
        ...(versionid === undefined ? [] : [{ name: 'version-id', valueString: versionid }]),
      ],
    },
  ];
  const status = { resourceType: 'Parameters', meta: { profile: [profile] }, id: own, parameter };
  const entry = [
    { fullUrl: `urn:uuid:${own}`, resource: status, ...got(subscriptions) },
    ...(data ? [{ fullUrl: data.url, resource: data.resource, ...got(data.url) }] : []),
  ];
  const bundle = isFhirId(id) ? id : uuidOf(`bundle ${source} ${id}`);
  return JSON.stringify({
    ...{ resourceType: 'Bundle', id: bundle, type: 'history', timestamp: time, entry },
  });
}

function got(url: string) {
  return { request: { method: 'GET', url }, response: { status: '200' } };
}

function isFhirId(id: string): boolean {
  return /^[A-Za-z0-9.-]{1,64}$/.test(id);
}

/** A UUID that is the same for the same text. */
export function uuidOf(text: string): string {
  const digits = hash('sha256', text, 'hex');
  const variant = '89ab'.charAt(Number.parseInt(digits.charAt(16), 16) % 4);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    variant + digits.slice(17, 20),
    digits.slice(20, 32),
  ].join('-');
}
