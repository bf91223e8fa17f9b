/**
 * Death, removal from registration, managing organisation and consent between FHIR and HL7 V3: what stands under a
 * `patientRole` beside the person. Found by its name; the numbers of `subjectOf` differ by release.
 */
import type { Extension, Patient, Reference } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { codeSystems, concept, extensionUrls, partOf } from '../../fhir/pds/fields/extensions.ts';
import { deathStatuses } from '../../fhir/pds/fields/reference-data.ts';
import { odsCodeSystem } from '../../fhir/identifiers.ts';
import { at, attributeOf, hl7 } from './elements.ts';
import type { UpdateMode } from './items.ts';
import { codeSystems as oids, roots } from '../hl7v3/ids.ts';
import { fromInterval, momentFromHl7, toHl7Day, toInterval } from './times.ts';
import { codedOf, displayOf, observation } from './wishes.ts';

/** The element of that name under any of the numbered `subjectOf`. */
export function subjectNamed(role: XmlElement | undefined, name: string): XmlElement | undefined {
  for (const child of role?.children ?? []) {
    if (typeof child === 'string' || !child.name.startsWith('subjectOf')) continue;
    const found = at(child, name);
    if (found) return found;
  }
  return undefined;
}

// ---- death ----

/** `U`, removed, has no code in HL7 V3: it is written for our own systems only. */
export function toDeath(
  held: Extension | undefined,
  { extras, mode }: { extras?: boolean | undefined; mode?: UpdateMode | undefined } = {},
): XmlElement | undefined {
  const coding = held && partOf(held, 'deathNotificationStatus')?.valueCodeableConcept?.coding?.[0];
  if (!held || coding?.code === undefined || (coding.code === 'U' && !extras)) return undefined;
  const since = toHl7Day(partOf(held, 'systemEffectiveDate')?.valueDateTime);
  const notification = observation(
    'deathNotification',
    '3',
    hl7('value', { ...codedOf(coding, deathStatuses), codeSystem: oids.deathNotification }),
    since === undefined ? undefined : effectiveSince(since),
  );
  return mode === undefined ? notification : withMode(notification, mode);
}

function withMode(element: XmlElement, mode: UpdateMode): XmlElement {
  const attribute = { name: 'updateMode', prefix: '', uri: '', value: mode };
  return { ...element, attributes: [...element.attributes, attribute] };
}

function effectiveSince(low: string): XmlElement {
  return hl7(
    'subjectOf2',
    { typeCode: 'SUBJ' },
    hl7(
      'systemEffectiveDate',
      { classCode: 'OBS', moodCode: 'EVN' },
      hl7('code', { code: '02', codeSystem: oids.administrativeObservation }),
      hl7('value', {}, hl7('low', { value: low })),
    ),
  );
}

export function fromDeath(notification: XmlElement | undefined): Extension | undefined {
  const value = at(notification, 'value');
  const code = attributeOf(value, 'code');
  if (code === undefined || !deathStatuses.has(code)) return undefined;
  const display = displayOf(value, deathStatuses);
  const since = momentFromHl7(
    attributeOf(at(notification, 'subjectOf2', 'systemEffectiveDate', 'value', 'low'), 'value'),
  );
  return {
    url: extensionUrls.deathNotification,
    extension: [
      {
        url: 'deathNotificationStatus',
        valueCodeableConcept: concept(codeSystems.deathNotification, code, display, '1.0.0'),
      },
      ...(since === undefined ? [] : [{ url: 'systemEffectiveDate', valueDateTime: since }]),
    ],
  };
}

// ---- removal ----

const removalWords: Readonly<Record<string, string>> = {
  DEA: 'Death',
  EMB: 'Embarkation',
  SCT: 'Transferred to Scotland',
  NIT: 'Transferred to Northern Ireland',
  TRA: 'Temporary resident not returned',
  ORR: 'Other Reason',
};

/** The reasons that FHIR keeps to itself, and shows to applications that may know. */
const confidentialReasons: Readonly<Record<string, string>> = {
  AFN: 'Armed Forces (notified by Armed Forces)',
  SDN: 'Services dependant (notified by SMO)',
};

export function toRemoval(held: Extension | undefined): XmlElement | undefined {
  const code =
    held && partOf(held, 'removalFromRegistrationCode')?.valueCodeableConcept?.coding?.[0]?.code;
  if (!held || code === undefined) return undefined;
  return hl7(
    'nHAISRemovalRegistrationEvent',
    { classCode: 'REG', moodCode: 'EVN' },
    hl7('code', { code: '02', codeSystem: oids.registrationEvent }),
    toInterval('effectiveTime', partOf(held, 'effectiveTime')?.valuePeriod),
    hl7('reasonCode', { code, codeSystem: oids.removalReason }),
  );
}

/** The reason as FHIR shows it, and the true one where that is kept confidential. */
export function fromRemoval(
  event: XmlElement | undefined,
): { shown: Extension; confidential?: { code: string; display: string } } | undefined {
  const reason = attributeOf(at(event, 'reasonCode'), 'code');
  if (!event || reason === undefined) return undefined;
  const code = Object.hasOwn(removalWords, reason) ? reason : 'ORR';
  const period = fromInterval(at(event, 'effectiveTime'), momentFromHl7);
  const confidential = Object.hasOwn(confidentialReasons, reason)
    ? { code: reason, display: confidentialReasons[reason] ?? reason }
    : undefined;
  return {
    shown: {
      url: extensionUrls.removal,
      extension: [
        {
          url: 'removalFromRegistrationCode',
          valueCodeableConcept: concept(codeSystems.removal, code, removalWords[code] ?? code),
        },
        ...(period ? [{ url: 'effectiveTime', valuePeriod: period }] : []),
      ],
    },
    ...(confidential ? { confidential } : {}),
  };
}

// ---- managing organisation, consent ----

/** The posting that looks after the registration. */
export function toManaging({ managingOrganization }: Patient): XmlElement | undefined {
  const identifier = managingOrganization?.identifier;
  if (!identifier) return undefined;
  return hl7(
    'nHAISRegistrationEvent',
    { classCode: 'REG', moodCode: 'EVN' },
    hl7('code', { code: '01', codeSystem: oids.registrationEvent }),
    toInterval('effectiveTime', identifier.period),
    hl7(
      'custodian',
      { typeCode: 'CST' },
      hl7(
        'assignedDevice',
        { classCode: 'ASSIGNED' },
        hl7('id', { root: roots.organisation, extension: identifier.value }),
      ),
    ),
  );
}

export function fromManaging(event: XmlElement | undefined): Reference | undefined {
  const value = attributeOf(at(event, 'custodian', 'assignedDevice', 'id'), 'extension');
  if (value === undefined) return undefined;
  const period = fromInterval(at(event, 'effectiveTime'));
  return {
    type: 'Organization',
    identifier: { system: odsCodeSystem, value, ...(period ? { period } : {}) },
  };
}

/** Record sharing (4): express consent (1) or dissent (2). */
export function toConsent(held: Extension | undefined): XmlElement | undefined {
  const value = held && partOf(held, 'consentValue')?.valueCodeableConcept?.coding?.[0]?.code;
  if (value === undefined) return undefined;
  return hl7(
    'consent',
    { classCode: 'CONS', moodCode: 'EVN' },
    hl7('code', { code: '4', codeSystem: oids.consentType }),
    hl7('value', { code: value, codeSystem: oids.consentValue }),
  );
}

export function fromConsent(consent: XmlElement | undefined): '1' | '2' | undefined {
  const value = attributeOf(at(consent, 'value'), 'code');
  if (attributeOf(at(consent, 'code'), 'code') !== '4') return undefined;
  return value === '1' || value === '2' ? value : undefined;
}
