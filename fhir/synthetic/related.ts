/** RelatedPerson of a PDS record (pds-fhir 4.6), and the address keys that it shares with the Patient. */
import type { Extension, RelatedPerson } from 'fhir/r4.js';
import { nhsNumberSystem } from '../identifiers.ts';
import { concept, extensionUrls } from '../pds/fields/extensions.ts';
import {
  communication,
  contactPreference,
  type LanguageSketch,
  type PreferenceSketch,
} from './communication.ts';

interface Span {
  readonly start?: string;
  readonly end?: string;
}

/** Someone related: known by an NHS number of their own, or by name and address, or by both. */
export interface RelatedSketch {
  readonly id?: string;
  readonly nhsNumber?: string;
  readonly type: RelationType;
  readonly nextOfKin?: boolean;
  readonly period?: Span;
  readonly rank?: number;
  readonly copyCorrespondence?: boolean;
  readonly name?: {
    readonly given?: readonly string[];
    readonly family: string;
    readonly prefix?: readonly string[];
    readonly suffix?: readonly string[];
  };
  readonly phone?: string;
  readonly address?: {
    readonly line: readonly string[];
    readonly postalCode?: string;
    readonly paf?: string;
    readonly uprn?: string;
  };
  readonly preference?: PreferenceSketch;
  readonly language?: LanguageSketch;
}

const relationTypes = {
  SPS: 'spouse',
  DOMPART: 'domestic partner',
  PRN: 'parent',
  CHILD: 'child',
  MTH: 'mother',
  FTH: 'father',
  SIS: 'sister',
  BRO: 'brother',
  FAMMEMB: 'family member',
  Guardian: 'Guardian of patient',
  Carer: 'Carer',
  ProxyContact: 'Proxy - contact',
} as const;

export type RelationType = keyof typeof relationTypes;

const typeSystem = 'http://hl7.org/fhir/ValueSet/relatedperson-relationshiptype';
const roleSystem = 'https://fhir.nhs.uk/R4/CodeSystem/UKCore-AdditionalRelatedPersonRole';
const copyUrl =
  'https://fhir.nhs.uk/R4/StructureDefinition/Extension-UKCore-CopyCorrespondenceIndicator';

/**
 * `subject` is the number of the record it belongs to: PDS writes it where the related person has none known, and
 * then gives their name; another number says where their details are to be fetched.
 */
export function relatedPersonOf(
  sketch: RelatedSketch,
  subject: string,
  ids: () => string,
): RelatedPerson {
  const related: RelatedPerson = {
    resourceType: 'RelatedPerson',
    id: sketch.id ?? ids(),
    patient: { identifier: { system: nhsNumberSystem, value: sketch.nhsNumber ?? subject } },
    active: true,
    relationship: [relationship(sketch)],
  };
  if (sketch.period) related.period = { ...sketch.period };
  if (sketch.name) related.name = [nameOf(sketch.name, sketch.period)];
  if (sketch.phone)
    related.telecom = [
      {
        ...(sketch.period ? { period: { ...sketch.period } } : {}),
        system: 'phone',
        value: sketch.phone,
        use: 'home',
      },
    ];
  if (sketch.address) related.address = [addressOf(sketch.address, sketch.period)];
  const extension: Extension[] = [
    ...(sketch.copyCorrespondence ? [{ url: copyUrl, valueBoolean: true }] : []),
    ...(sketch.rank === undefined
      ? []
      : [{ url: extensionUrls.contactRank, valuePositiveInt: sketch.rank }]),
    ...(sketch.preference ? [contactPreference(sketch.preference)] : []),
    ...(sketch.language ? [communication(sketch.language)] : []),
  ];
  if (extension.length > 0) related.extension = extension;
  return related;
}

function relationship({ type, nextOfKin }: RelatedSketch) {
  const isRole = type === 'Guardian' || type === 'Carer' || type === 'ProxyContact';
  const { coding = [] } = concept(isRole ? roleSystem : typeSystem, type, relationTypes[type]);
  return {
    coding: nextOfKin
      ? [...coding, { system: typeSystem, code: 'N', display: 'next-of-kin' }]
      : coding,
  };
}

function nameOf(name: NonNullable<RelatedSketch['name']>, period: Span | undefined) {
  return {
    use: 'usual' as const,
    ...(period ? { period: { ...period } } : {}),
    ...(name.given ? { given: [...name.given] } : {}),
    family: name.family,
    ...(name.prefix ? { prefix: [...name.prefix] } : {}),
    ...(name.suffix ? { suffix: [...name.suffix] } : {}),
  };
}

function addressOf(address: NonNullable<RelatedSketch['address']>, period: Span | undefined) {
  const keys = addressKeys(address);
  return {
    ...(period ? { period: { ...period } } : {}),
    use: 'home' as const,
    line: [...address.line],
    ...(address.postalCode ? { postalCode: address.postalCode } : {}),
    ...(keys.length > 0 ? { extension: keys } : {}),
  };
}

/** The keys of an address: postcode address file and property (4.3). */
export function addressKeys({ paf, uprn }: { paf?: string; uprn?: string }): Extension[] {
  return [...(paf ? [addressKey('PAF', paf)] : []), ...(uprn ? [addressKey('UPRN', uprn)] : [])];
}

function addressKey(code: 'PAF' | 'UPRN', value: string): Extension {
  return {
    url: extensionUrls.addressKey,
    extension: [
      {
        url: 'type',
        valueCoding: { system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType', code },
      },
      { url: 'value', valueString: value },
    ],
  };
}
