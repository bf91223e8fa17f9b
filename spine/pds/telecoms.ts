/** Telecoms and emergency contacts between FHIR and HL7 V3, where both are `telecom` with a scheme in its value. */
import type { ContactPoint, Extension, PatientContact } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { concept, extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import { at, attributeOf, hl7 } from './elements.ts';
import { keyOf, objectIdOf, toObjectId, type UpdateMode } from './items.ts';
import { fromInterval, toInterval } from './times.ts';

const schemes = { phone: 'tel:', email: 'mailto:', fax: 'fax:', other: 'textphone:' } as const;

const toUse: Readonly<Record<string, string>> = {
  home: 'H',
  work: 'WP',
  temp: 'HV',
  mobile: 'MC',
};

/** Answering machines and pagers are somebody's at home. */
const fromUse: Readonly<Record<string, ContactPoint['use']>> = {
  H: 'home',
  HP: 'home',
  AS: 'home',
  PG: 'home',
  WP: 'work',
  HV: 'temp',
  MC: 'mobile',
};

const emergency = 'EC';

export interface TelecomLayout {
  readonly mode?: UpdateMode | undefined;
  readonly bare?: boolean;
  readonly nameless?: boolean;
}

export function toTelecom(telecom: ContactPoint, layout: TelecomLayout = {}): XmlElement {
  return pointOf(telecom, toUse[telecom.use ?? ''], layout);
}

/** The first telecom of an emergency contact, under the contact's id and period. */
export function toContact(contact: PatientContact, layout: TelecomLayout = {}): XmlElement {
  const [telecom = {}] = contact.telecom ?? [];
  const { id, period } = contact;
  return pointOf(
    { ...telecom, ...(id === undefined ? {} : { id }), ...(period ? { period } : {}) },
    emergency,
    layout,
  );
}

function pointOf(
  { id, system, value = '', period }: ContactPoint,
  use: string | undefined,
  { mode, bare, nameless }: TelecomLayout,
): XmlElement {
  const scheme = Object.entries(schemes).find(([name]) => name === system)?.[1] ?? schemes.phone;
  return hl7(
    'telecom',
    { use, value: `${scheme}${value}`, updateMode: mode },
    bare ? undefined : toInterval('useablePeriod', period),
    bare || nameless ? undefined : toObjectId(id),
  );
}

export function isEmergency(element: XmlElement): boolean {
  return attributeOf(element, 'use') === emergency;
}

export function fromTelecom(element: XmlElement): ContactPoint {
  const id = objectIdOf(element);
  const period = fromInterval(at(element, 'useablePeriod'));
  const use = fromUse[attributeOf(element, 'use') ?? ''];
  const { system, value } = valueOf(element);
  return {
    ...(id === undefined ? {} : { id }),
    ...(period ? { period } : {}),
    system,
    value,
    ...(use === undefined ? {} : { use }),
    ...(system === 'other' ? { extension: [textphone()] } : {}),
  };
}

export function fromContact(element: XmlElement): PatientContact {
  const id = objectIdOf(element);
  const period = fromInterval(at(element, 'useablePeriod'));
  const { system, value } = valueOf(element);
  const other = system === 'other' ? { extension: [textphone()] } : {};
  return {
    ...(id === undefined ? {} : { id }),
    ...(period ? { period } : {}),
    relationship: [
      concept('http://terminology.hl7.org/CodeSystem/v2-0131', 'C', 'Emergency Contact'),
    ],
    telecom: [{ system, value, ...other }],
  };
}

/** A value without one of the schemes is a telephone number. */
function valueOf(element: XmlElement): { system: keyof typeof schemes; value: string } {
  const text = attributeOf(element, 'value') ?? '';
  const scheme = text.slice(0, text.indexOf(':') + 1).toLowerCase();
  const system = keyOf(schemes, scheme);
  return system === undefined
    ? { system: 'phone', value: text }
    : { system, value: text.slice(scheme.length) };
}

function textphone(): Extension {
  return {
    url: extensionUrls.otherContactSystem,
    valueCoding: {
      system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-OtherContactSystem',
      code: 'textphone',
      display: 'Minicom (Textphone)',
    },
  };
}
