/**
 * What is held of one person: the Patient as PDS shows it to a healthcare worker, and what lies behind it.
 * Owns the types, the stored text and the NDJSON line; rules about changing it are in patch.ts, showing it in projection.ts.
 */
import type {
  Address,
  ContactPoint,
  Coverage,
  Extension,
  HumanName,
  Identifier,
  Patient,
  RelatedPerson,
} from 'fhir/r4.js';
import { nhsNumberSystem } from '../identifiers.ts';
import { verificationStatus } from './fields/extensions.ts';

/** A PDS Patient (pds-fhir 4.1): always with its number as id, a version and a confidentiality label. */
export interface PdsPatient extends Patient {
  id: string;
  meta: { versionId: string; security: [{ system: string; code: string; display: string }] };
}

/** Confidentiality (4.2): unrestricted, restricted, very restricted, or withdrawn (invalidated). */
export type Confidentiality = 'U' | 'R' | 'V' | 'REDACTED';

/** Values that once were current. They match in a history search; dates of birth never do, so none are kept. */
export interface Former {
  names?: HumanName[];
  addresses?: Address[];
  telecoms?: ContactPoint[];
  genders?: string[];
}

/** An accepted write, remembered for a while so that a repeat with the same X-Request-ID is recognised. */
export interface RecentUpdate {
  requestId: string;
  /** SHA-256 of what was asked, so that reusing an id for another request is not taken for a repeat. */
  digest: string;
  /** The version the record had after it. */
  versionId: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/** What the API does not show, or not to everyone. */
export interface Behind {
  /** The number of the record that replaced this one in a merge. */
  supersededBy?: string;
  former?: Former;
  /** Values marked hidden: kept, never shown, never matched. */
  hidden?: Former;
  /** By object id of an address: its five lines where some are blank, which the Patient leaves out (4.8). */
  addressLines?: Record<string, string[]>;
  relatedPersons?: RelatedPerson[];
  /** The European Health Insurance Card. */
  coverage?: Coverage;
  /** The true reason for removal where the shown one is ORR (AFN, SDN: 4.3). */
  confidentialRemoval?: { code: string; display: string };
  /** Record-sharing consent: 1 consent, 2 dissent. */
  consent?: '1' | '2';
  /** The newest few accepted writes. */
  recent?: RecentUpdate[];
  /** Why this person is in the data: tags of the planted cases, for testers to find them by. */
  tags?: string[];
}

export interface PdsRecord {
  patient: PdsPatient;
  behind: Behind;
}

/** The record's confidentiality label. */
export function confidentialityOf({ patient }: PdsRecord): Confidentiality {
  const code = patient.meta.security[0].code;
  return code === 'R' || code === 'V' || code === 'REDACTED' ? code : 'U';
}

/** Whether every access mode sees the whole Patient, so that its stored text can be sent as it is. */
function isOpen(record: PdsRecord): boolean {
  return record.behind.supersededBy === undefined && confidentialityOf(record) === 'U';
}

/**
 * The stored text: three lines, none of which can hold a line break.
 * 1. `open <versionId>`, or `guarded` when what is shown depends on who asks;
 * 2. the Patient as JSON, which for an open record is the answer byte by byte;
 * 3. what lies behind it.
 */
export function encodeRecord(record: PdsRecord): string {
  const head = isOpen(record) ? `open ${record.patient.meta.versionId}` : 'guarded';
  return `${head}\n${JSON.stringify(record.patient)}\n${JSON.stringify(record.behind)}`;
}

export function decodeRecord(text: string): PdsRecord {
  const first = text.indexOf('\n');
  const second = text.indexOf('\n', first + 1);
  return {
    patient: JSON.parse(text.slice(first + 1, second)) as PdsPatient, // written by encodeRecord, guarded by its checksum
    behind: JSON.parse(text.slice(second + 1)) as Behind,
  };
}

/** Whether the stored text is that of an open record: nothing in it depends on who asks. */
export function isOpenText(text: string): boolean {
  return text.startsWith('open ');
}

/** The answer to a read of an open record, without parsing it; undefined when who asks matters. */
export function openText(text: string): { versionId: string; text: string } | undefined {
  if (!isOpenText(text)) return undefined;
  const first = text.indexOf('\n');
  return {
    versionId: text.slice('open '.length, first),
    text: text.slice(first + 1, text.indexOf('\n', first + 1)),
  };
}

/** Where a line of NDJSON carries what lies behind a Patient, so that each line stays a valid R4 Patient. */
const behindExtension = 'https://gatehouse.example/fhir/StructureDefinition/held-record';

/** One line of NDJSON: a FHIR R4 Patient, with what lies behind it as an extension if there is anything. */
export function toLine({ patient, behind }: PdsRecord): string {
  if (Object.keys(behind).length === 0) return JSON.stringify(patient);
  const held: Extension = { url: behindExtension, valueString: JSON.stringify(behind) };
  return JSON.stringify({ ...patient, extension: [...(patient.extension ?? []), held] });
}

/**
 * Reads a line that `toLine` wrote, or a Patient of somebody else's, whose version, label and identifier are then
 * filled in as PDS has them. Throws on bad JSON.
 */
export function fromLine(line: string): PdsRecord {
  const read = JSON.parse(line) as Partial<PdsPatient>;
  const { extension: all, resourceType, id, identifier, ...rest } = read;
  const held = all?.find(({ url }) => url === behindExtension)?.valueString;
  const extension = all?.filter(({ url }) => url !== behindExtension);
  const patient = {
    resourceType,
    id,
    identifier: identifier?.[0]?.extension ? identifier : [nhsNumberIdentifier(id ?? '')],
    ...rest,
    meta: {
      versionId: read.meta?.versionId ?? '1',
      security: read.meta?.security ?? [security('U')],
    },
    ...(extension && extension.length > 0 ? { extension } : {}),
  } as PdsPatient; // the loader checks it against the schema before it is kept
  return { patient, behind: held === undefined ? {} : (JSON.parse(held) as Behind) };
}

const displays: Readonly<Record<Confidentiality, string>> = {
  U: 'unrestricted',
  R: 'restricted',
  V: 'very restricted',
  REDACTED: 'redacted',
};

/** The identifier of a record whose number is verified (4.1). */
export function nhsNumberIdentifier(nhsNumber: string): Identifier {
  return { system: nhsNumberSystem, value: nhsNumber, extension: [verificationStatus()] };
}

/** The coding of a confidentiality label as PDS writes it (4.2). */
export function security(code: Confidentiality): PdsPatient['meta']['security'][0] {
  return {
    system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
    code,
    display: displays[code],
  };
}
