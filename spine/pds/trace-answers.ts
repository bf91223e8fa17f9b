/**
 * People in the answers to traces, between FHIR Patients and the `PdsTraceMatch` of HL7 V3; and the flat `patientRole` that simple
 * trace and cross-check share.
 */
import type { Patient } from 'fhir/r4.js';
import type { XmlElement } from '../../core/xml.ts';
import type { PdsPatient } from '../../fhir/pds/record.ts';
import { roots } from '../hl7v3/ids.ts';
import { toAddress } from './addresses.ts';
import { toBirthTime } from './births.ts';
import { provisionsOf, toProvision } from './care-provisions.ts';
import { toConfidentiality } from './confidentiality.ts';
import { at, attributeOf, hl7 } from './elements.ts';
import { toGenderCode } from './genders.ts';
import { toName } from './names.ts';
import { wrapped, type Layout } from './part-wrappers.ts';
import { fromPatientRole } from './person.ts';
import { toContact, toTelecom } from './telecoms.ts';
import { toHl7Day } from './times.ts';
import { observation } from './wishes.ts';

/** `simple` bears neither times nor object ids, `cross-check` times, `advanced` both, in the parts of a retrieval. */
export type FlatSpelling = 'simple' | 'cross-check' | 'advanced';

/** A match of an advanced trace, with its part of certainty between 0 and 1. */
export interface TraceMatch {
  readonly patient: Patient;
  readonly score?: number;
}

export function toTraceMatch(
  { patient, score }: TraceMatch,
  spelling: FlatSpelling,
  layout: Layout,
): XmlElement {
  return hl7(
    'PdsTraceMatch',
    { classCode: 'OBS', moodCode: 'EVN' },
    hl7('subject', { typeCode: 'SBJ' }, toFlatRole(patient, spelling, layout, score)),
  );
}

/** The version is not told in a trace: it is `1` in what is read. */
export function fromTraceMatch(match: XmlElement): { patient: PdsPatient; score?: number } {
  const role = at(match, 'subject', 'patientRole');
  if (!role) return { patient: fromPatientRole(hl7('patientRole')).record.patient };
  const { patient } = fromPatientRole(role).record;
  const level = Number(attributeOf(at(levelOf(role), 'value'), 'value') ?? NaN);
  return { patient, ...(Number.isNaN(level) ? {} : { score: Math.round(level * 100) / 10_000 }) };
}

function levelOf(role: XmlElement): XmlElement | undefined {
  for (const child of role.children) {
    if (typeof child === 'string' || !child.name.startsWith('subjectOf')) continue;
    const level = at(child, 'matchingLevel');
    if (level) return level;
  }
  return undefined;
}

/** A `patientRole` as traces have it. */
export function toFlatRole(
  patient: Patient,
  spelling: FlatSpelling,
  layout: Layout,
  score?: number,
): XmlElement {
  const parts = partsOf(patient, spelling, layout);
  const inPerson = spelling === 'advanced';
  const provisions = provisionsOf(patient).filter(({ code }) => code === '1');
  const died = toHl7Day(patient.deceasedDateTime);
  return hl7(
    'patientRole',
    { classCode: 'PAT' },
    toConfidentiality(patient.meta?.security?.[0]?.code),
    inPerson ? undefined : parts.addresses,
    hl7('id', { root: roots.nhsNumber, extension: patient.id }),
    inPerson ? undefined : parts.telecoms,
    hl7(
      'patientPerson',
      { classCode: 'PSN', determinerCode: 'INSTANCE' },
      patient.gender && hl7('administrativeGenderCode', { code: toGenderCode(patient.gender) }),
      toBirthTime(patient),
      died === undefined ? undefined : hl7('deceasedTime', { value: died }),
      inPerson ? undefined : parts.names,
      provisions.map((provision) => toProvision(provision, spelling)),
      inPerson ? [...parts.addresses, ...parts.telecoms, ...parts.names] : undefined,
    ),
    score === undefined ? undefined : hl7('subjectOf1', { typeCode: 'SBJ' }, levelIs(score)),
  );
}

function partsOf(patient: Patient, spelling: FlatSpelling, layout: Layout) {
  const form = {
    bare: spelling === 'simple',
    nameless: spelling === 'cross-check',
    extras: layout.extras,
  };
  const placed = (kind: 'addr' | 'telecom' | 'name', item: XmlElement) =>
    spelling === 'advanced' ? wrapped(kind, item, layout) : item;
  return {
    addresses: (patient.address ?? []).map((one) => placed('addr', toAddress(one, form))),
    telecoms: [
      ...(patient.telecom ?? []).map((one) => placed('telecom', toTelecom(one, form))),
      ...(patient.contact ?? []).map((one) => placed('telecom', toContact(one, form))),
    ],
    names: (patient.name ?? []).map((one) => placed('name', toName(one, form))),
  };
}

function levelIs(score: number): XmlElement {
  return observation(
    'matchingLevel',
    '12',
    hl7('value', { unit: '%', value: (score * 100).toFixed(2) }),
  );
}
