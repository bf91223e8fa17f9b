/** What the parts of an update over HL7 V3 become: patches, and removals that have to come last. */
import type { Extension, Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import { allOf, at, attributeOf, hl7 } from './elements.ts';
import { fromProvisions } from './care-provisions.ts';
import { refusal } from './issues.ts';
import type { UpdateMode } from './items.ts';

export interface Patch {
  readonly op: 'add' | 'replace' | 'remove' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

/** What an update is about, and the Patient as it is. */
export interface Context {
  readonly role: XmlElement;
  readonly person: XmlElement | undefined;
  readonly patient: Patient;
}

/** Indexes count against the Patient as it was. */
export interface Change {
  readonly patches?: readonly Patch[];
  readonly removed?: { readonly index: number; readonly patches: readonly Patch[] };
}

/** There is one of a kind at most, so the kind names it: object ids of pharmacies are not looked at. */
export function extensionOf(
  patient: Patient,
  url: string,
  mode: UpdateMode,
  value: Extension | undefined,
): Change[] {
  const index = (patient.extension ?? []).findIndex((one) => one.url === url);
  if (mode === 'added') return [{ patches: [{ op: 'add', path: '/extension/-', value }] }];
  if (index < 0)
    throw refusal(
      'MANDATORY_FIELD_MISSING_SUPP_INFO',
      'There is nothing of this kind to be changed',
    );
  const path = `/extension/${index}`;
  if (mode === 'altered') return [{ patches: [{ op: 'replace', path, value }] }];
  const patches: Patch[] = [
    { op: 'test', path: `${path}/url`, value: url },
    { op: 'remove', path },
  ];
  return [{ removed: { index, patches } }];
}

/** The provisions of a person, in any spelling. */
export function provisionElements(person: XmlElement | undefined): XmlElement[] {
  return allOf(person, 'playedOtherProviderPatient').flatMap((played) =>
    allOf(played, 'subjectOf').flatMap((subject) => [
      ...allOf(subject, 'patientCareProvision'),
      ...allOf(subject, 'patientCareProvisionEvent'),
    ]),
  );
}

/** The kind of a provision. */
export const codeOf = (element: XmlElement) => attributeOf(at(element, 'code'), 'code') ?? '';

/** One provision as it is read wherever it stands. */
export function provisionOf(element: XmlElement) {
  const [read] = fromProvisions(
    hl7('patientPerson', {}, hl7('playedOtherProviderPatient', {}, hl7('subjectOf', {}, element))),
  );
  return read;
}
