/**
 * The organisations that look after a person (practice, pharmacy, appliance supplier, dispenser) between FHIR and the
 * `patientCareProvision` of HL7 V3, which each message spells its own way.
 */
import type { Extension, Patient, Reference } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { extensionUrls } from '../../fhir/pds/fields/extensions.ts';
import { odsCodeSystem } from '../../fhir/identifiers.ts';
import { allOf, at, attributeOf, hl7 } from './elements.ts';
import { keyOf, objectIdOf, toObjectId, type UpdateMode } from './items.ts';
import { codeSystems as oids, roots } from '../hl7v3/ids.ts';
import { fromInterval, toInterval } from './times.ts';

/** The code of each kind; 1 is the practice. */
export const pharmacyKinds = {
  P1: extensionUrls.nominatedPharmacy,
  P3: extensionUrls.preferredDispenser,
  P2: extensionUrls.medicalApplianceSupplier,
} as const;

/** The spelling of a message: its element for the provision, and for whoever performs it. */
export type Spelling = 'retrieval' | 'simple' | 'advanced' | 'update' | 'cross-check';

const spellings: Readonly<Record<Spelling, readonly [string, string]>> = {
  retrieval: ['patientCareProvisionEvent', 'assignedEntity'],
  simple: ['patientCareProvision', 'assignedOrganization'],
  advanced: ['patientCareProvision', 'assignedEntity'],
  update: ['patientCareProvision', 'assignedOrganization'],
  'cross-check': ['patientCareProvision', 'assignedOrganization'],
};

/** One provision in a message, whatever its spelling. */
export interface Provision {
  /** 1, P1, P2 or P3. */
  readonly code: string;
  readonly reference: Reference;
  readonly mode?: string | undefined;
}

/** All of a Patient. An extension has no object id: as there is one of each kind at most, its code stands for one. */
export function provisionsOf(patient: Patient): Provision[] {
  const practices = (patient.generalPractitioner ?? []).map((reference) => ({
    code: '1',
    reference,
  }));
  return [...practices, ...pharmaciesOf(patient.extension ?? [])];
}

export function pharmaciesOf(extensions: readonly Extension[]): Provision[] {
  return extensions.flatMap(({ url, valueReference }) => {
    const code = keyOf(pharmacyKinds, url);
    return code && valueReference
      ? [{ code, reference: { id: code, ...valueReference } satisfies Reference }]
      : [];
  });
}

/** `playedOtherProviderPatient` around one provision. */
export function toProvision(
  { code, reference }: Provision,
  spelling: Spelling,
  mode?: UpdateMode,
): XmlElement {
  const [event, performer] = spellings[spelling];
  const { identifier } = reference;
  const named = spelling === 'retrieval' || (spelling === 'update' && mode !== 'added');
  const provision = hl7(
    event,
    { classCode: 'PCPR', moodCode: 'EVN', updateMode: mode },
    hl7('code', { code, codeSystem: oids.careProvision }),
    spelling === 'simple' ? undefined : toInterval('effectiveTime', identifier?.period),
    named ? toObjectId(reference.id) : undefined,
    hl7(
      'performer',
      { typeCode: 'PRF' },
      hl7(
        performer,
        { classCode: 'ASSIGNED' },
        hl7('id', { root: roots.organisation, extension: identifier?.value }),
      ),
    ),
  );
  return hl7(
    'playedOtherProviderPatient',
    { classCode: 'PAT' },
    hl7('subjectOf', { typeCode: 'SBJ' }, provision),
  );
}

/** All provisions of a `patientPerson`, those that ended among them. */
export function fromProvisions(person: XmlElement | undefined): Provision[] {
  return allOf(person, 'playedOtherProviderPatient').flatMap((played) =>
    allOf(played, 'subjectOf').flatMap((subject) =>
      subject.children.flatMap((child) =>
        typeof child !== 'string' && child.name.startsWith('patientCareProvision')
          ? [fromProvision(child)]
          : [],
      ),
    ),
  );
}

function fromProvision(element: XmlElement): Provision {
  const id = objectIdOf(element);
  const performer =
    at(element, 'performer', 'assignedEntity') ??
    at(element, 'performer', 'assignedOrganization') ??
    at(element, 'responsibleParty', 'healthCareProvider');
  const value = attributeOf(at(performer, 'id'), 'extension');
  const period = fromInterval(at(element, 'effectiveTime'));
  return {
    code: attributeOf(at(element, 'code'), 'code') ?? '1',
    mode: attributeOf(element, 'updateMode'),
    reference: {
      ...(id === undefined ? {} : { id }),
      type: 'Organization',
      identifier: {
        system: odsCodeSystem,
        ...(value === undefined ? {} : { value }),
        ...(period ? { period } : {}),
      },
    },
  };
}

/** The practice: of several the one without an end, or else that which began last. */
export function practiceOf(provisions: readonly Provision[]): Reference | undefined {
  const practices = provisions.filter(({ code }) => code === '1').map(({ reference }) => reference);
  return practices.toSorted((one, other) => order(other).localeCompare(order(one)))[0];
}

function order({ identifier }: Reference): string {
  return `${identifier?.period?.end === undefined ? 1 : 0}${identifier?.period?.start ?? ''}`;
}

/** The pharmacy extensions, in the order P1, P3, P2. */
export function pharmacyExtensions(provisions: readonly Provision[]): Extension[] {
  return Object.entries(pharmacyKinds).flatMap(([code, url]) => {
    const value = provisions.find((one) => one.code === code)?.reference.identifier?.value;
    return value === undefined ? [] : [pharmacyExtension(url, value)];
  });
}

export function pharmacyExtension(url: string, value: string): Extension {
  return { url, valueReference: { identifier: { system: odsCodeSystem, value } } };
}
