/**
 * An event message as it is published: a Bundle of type message whose first entry is the MessageHeader. Owns what is read of
 * it for matching and the rules that all event messages keep; what an event says in its other resources is its
 * subscribers' business, and the bytes go on as they came.
 */
import { fold } from '../../fhir/fold.ts';
import { isNhsNumber } from '../../fhir/identifiers.ts';
import { all, extensions, theOnly, valueIn, valueOf, type FhirElement } from './elements.ts';
import { nemsError, type NemsCode } from './errors.ts';
import { eventTypeOf, eventTypes, type EventType } from './event-types.ts';

export interface EventMessage {
  /** MessageHeader.id, lower case. */
  readonly id: string;
  readonly type: EventType;
  readonly nhsNumber: string;
  /** Of the names, folded. */
  readonly families: readonly string[];
  /** `yyyy`, `yyyy-mm` or `yyyy-mm-dd`. */
  readonly birthDate: string;
  /** When it was published, as it says: milliseconds since the epoch. */
  readonly time: number;
}

const stem = 'https://fhir.nhs.uk/STU3/StructureDefinition/Extension-';
const routing = `${stem}RoutingDemographics-1`;
const changes = `${stem}MessageEventType-1`;
const eventSystem = 'https://fhir.nhs.uk/STU3/CodeSystem/EventType-1';
const header = 'MessageHeader';

/** @throws Problem that names the element, what was expected and what was found */
export function readEventMessage(bundle: FhirElement): EventMessage {
  if (bundle.name !== 'Bundle') throw refused('The body', 'a Bundle', 'another resource');
  if (valueOf(bundle, 'type', 'Bundle') !== 'message')
    throw refused('Bundle.type', 'message', 'another');
  const message = headerOf(bundle);
  const id = valueOf(message, 'id', header).toLowerCase();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))
    throw refused(`${header}.id`, 'a UUID', 'something else');
  checkSequence(message);
  const who = demographicsIn(message);
  checkChange(message);
  const type = typeIn(message);
  const time = timeIn(message);
  checkParties(message);
  checkFocus(bundle, message);
  return { id, type, ...who, time };
}

function headerOf(bundle: FhirElement): FhirElement {
  const resources = all(bundle, 'entry').map((entry) => all(entry, 'resource')[0]?.children[0]);
  const [first, ...others] = resources;
  if (first?.name !== header)
    throw refused('Bundle.entry', `a ${header} as its first resource`, first ? 'another' : 'none');
  if (others.some((one) => one?.name === header))
    throw refused('Bundle.entry', `one ${header}`, 'more');
  return first;
}

/** What subscribers put messages in order by. */
function checkSequence(message: FhirElement): void {
  const version = valueIn(message, 'meta.versionId', header);
  if (version !== undefined && !/^\d{1,15}$/.test(version))
    throw refused(`${header}.meta.versionId`, 'a whole number', 'something else');
  const updated = valueIn(message, 'meta.lastUpdated', header);
  if (updated !== undefined && !isTime(updated))
    throw refused(
      `${header}.meta.lastUpdated`,
      'an instant with seconds and zone',
      'something else',
    );
}

function demographicsIn(
  message: FhirElement,
): Pick<EventMessage, 'nhsNumber' | 'families' | 'birthDate'> {
  const demographics = onlyExtension(message, routing, 'routingDemographics');
  const part = (url: string) => onlyExtension(demographics, url, `routingDemographics.${url}`);
  const number = theOnly(part('nhsNumber'), 'valueIdentifier', 'nhsNumber');
  if (
    !/^https?:\/\/fhir\.nhs\.(uk|net)\/Id\/nhs-number$/.test(valueOf(number, 'system', 'nhsNumber'))
  )
    throw refused(
      'nhsNumber',
      'the system https://fhir.nhs.uk/Id/nhs-number',
      'another',
      'INVALID_IDENTIFIER_SYSTEM',
    );
  const nhsNumber = valueOf(number, 'value', 'nhsNumber');
  if (!isNhsNumber(nhsNumber))
    throw refused('nhsNumber', 'a valid NHS number', 'one that is not', 'INVALID_NHS_NUMBER');
  const family = valueOf(theOnly(part('name'), 'valueHumanName', 'name'), 'family', 'name');
  const birth = valueOf(part('birthDateTime'), 'valueDateTime', 'birthDateTime');
  const birthDate = /^(\d{4}(-\d{2}(-\d{2})?)?)(T.*)?$/.exec(birth)?.[1];
  if (birthDate === undefined || Number.isNaN(Date.parse(birth)))
    throw refused('birthDateTime', 'a dateTime', 'something else');
  return { nhsNumber, families: [fold(family)], birthDate };
}

function checkChange(message: FhirElement): void {
  const change = onlyExtension(message, changes, 'messageEventType');
  const code = valueOf(change, 'valueCodeableConcept.coding.code', 'messageEventType');
  if (!['new', 'update', 'delete'].includes(code))
    throw refused('messageEventType', 'new, update or delete', 'another', 'INVALID_CODE_VALUE');
}

function typeIn(message: FhirElement): EventType {
  if (valueOf(message, 'event.system', header) !== eventSystem)
    throw refused(`${header}.event.system`, eventSystem, 'another', 'INVALID_CODE_SYSTEM');
  const type = eventTypeOf(valueOf(message, 'event.code', header));
  if (type) return type;
  const known = eventTypes.map(({ code }) => code).join(', ');
  throw refused(`${header}.event.code`, `one of ${known}`, 'another', 'INVALID_CODE_VALUE');
}

function timeIn(message: FhirElement): number {
  const timestamp = valueOf(message, 'timestamp', header);
  if (isTime(timestamp)) return Date.parse(timestamp);
  throw refused(`${header}.timestamp`, 'an instant with seconds and zone', 'something else');
}

/** Subscribers must be able to reach who published it. A name of the source is left out by the published examples too. */
function checkParties(message: FhirElement): void {
  const source = theOnly(message, 'source', header);
  valueOf(source, 'endpoint', `${header}.source`);
  const contact = theOnly(source, 'contact', `${header}.source`);
  const system = valueOf(contact, 'system', `${header}.source.contact`);
  if (!['phone', 'email'].includes(system))
    throw refused(
      `${header}.source.contact.system`,
      'phone or email',
      'another',
      'INVALID_CODE_VALUE',
    );
  valueOf(contact, 'value', `${header}.source.contact`);
  valueOf(message, 'responsible.reference', header);
}

function checkFocus(bundle: FhirElement, message: FhirElement): void {
  const focus = valueOf(message, 'focus.reference', header);
  const isThere = all(bundle, 'entry').some((entry) => {
    const resource = all(entry, 'resource')[0]?.children[0];
    const own = `${resource?.name ?? ''}/${all(resource ?? entry, 'id')[0]?.value ?? ''}`;
    return all(entry, 'fullUrl')[0]?.value === focus || own === focus;
  });
  if (!isThere)
    throw refused(`${header}.focus`, 'a resource of the Bundle', 'none', 'REFERENCE_NOT_FOUND');
}

function onlyExtension(element: FhirElement, url: string, name: string): FhirElement {
  const [first, second] = extensions(element, url);
  if (first && !second) return first;
  throw refused(`${header}, extension ${name}`, 'one', first ? 'more' : 'none');
}

function isTime(text: string): boolean {
  const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
  return form.test(text) && !Number.isNaN(Date.parse(text));
}

function refused(at: string, expected: string, found: string, code: NemsCode = 'INVALID_RESOURCE') {
  return nemsError(code, `${at}: expected ${expected}, found ${found}`);
}
