/** The records and the shorthand that the tests of PATCH share: invented people, one with everything, one with little. */
import type { Extension, Patient } from 'fhir/r4.js';
import type { AccessMode } from '../core/exchange.ts';
import { Problem, type ErrorRow } from '../core/problem.ts';
import { nhsNumberSystem, odsCodeSystem } from '../fhir/identifiers.ts';
import type { PdsRow } from '../fhir/pds/errors.ts';
import { concept, extensionUrls, verificationStatus } from '../fhir/pds/fields/extensions.ts';
import { applyPatches, readPatches } from '../fhir/pds/update/patch.ts';
import { security, type PdsPatient, type PdsRecord } from '../fhir/pds/record.ts';

export const now = Date.parse('2026-03-02T12:00:00Z');
export const today = '2026-03-02';

const ukCore = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-';

export const pharmacy = (url: string, value: string): Extension => ({
  url,
  valueReference: { identifier: { system: odsCodeSystem, value } },
});

export const death = (code: string, date?: string): Extension => ({
  url: extensionUrls.deathNotification,
  extension: [
    {
      url: 'deathNotificationStatus',
      valueCodeableConcept: concept(
        `${ukCore}DeathNotificationStatus`,
        code,
        'As told to a practice',
        '1.0.0',
      ),
    },
    ...(date === undefined ? [] : [{ url: 'systemEffectiveDate', valueDateTime: date }]),
  ],
});

export const communication = (code: string, interpreterRequired?: boolean): Extension => ({
  url: extensionUrls.communication,
  extension: [
    {
      url: 'language',
      valueCodeableConcept: concept(`${ukCore}HumanLanguage`, code, 'A language', '1.0.0'),
    },
    ...(interpreterRequired === undefined
      ? []
      : [{ url: 'interpreterRequired', valueBoolean: interpreterRequired }]),
  ],
});

export const format = (code: string): Extension => ({
  url: 'PreferredWrittenCommunicationFormat',
  valueCodeableConcept: concept(`${ukCore}PreferredWrittenCommunicationFormat`, code, 'A format'),
});
export const method = (code: string): Extension => ({
  url: 'PreferredContactMethod',
  valueCodeableConcept: concept(`${ukCore}PreferredContactMethod`, code, 'A method'),
});
export const times = (valueString: string): Extension => ({
  url: 'PreferredContactTimes',
  valueString,
});
export const preference = (...extension: unknown[]) => ({
  url: extensionUrls.contactPreference,
  extension,
});

export const birthPlace = (valueAddress: Record<string, unknown>) => ({
  url: extensionUrls.birthPlace,
  valueAddress,
});

const removal: Extension = {
  url: extensionUrls.removal,
  extension: [
    {
      url: 'removalFromRegistrationCode',
      valueCodeableConcept: concept(
        'https://fhir.nhs.uk/CodeSystem/PDS-RemovalReasonExitCode',
        'SCT',
        'To Scotland',
      ),
    },
  ],
};

export const relationship = [
  {
    coding: [
      {
        system: 'http://terminology.hl7.org/CodeSystem/v2-0131',
        code: 'C',
        display: 'Emergency Contact',
      },
    ],
  },
];

const base = (number: string): PdsPatient => ({
  resourceType: 'Patient',
  id: number,
  identifier: [{ system: nhsNumberSystem, value: number, extension: [verificationStatus()] }],
  meta: { versionId: '2', security: [security('U')] },
});

/** Hardly any data. */
export const minimal = (): PdsRecord => ({ patient: base('9000000033'), behind: {} });

/** A person alive, with an item of almost every kind; extensions in the order pharmacies, communication, preference, place. */
export const full = (
  more: Pick<Patient, 'address' | 'deceasedDateTime' | 'extension'> = {},
): PdsRecord => ({
  patient: {
    ...base('9000000009'),
    name: [
      {
        id: '69BB7C85',
        use: 'usual',
        period: { start: '2020-01-01' },
        given: ['Jane'],
        family: 'Smith',
        prefix: ['Mrs'],
        suffix: ['MBE'],
      },
      {
        id: '2C3F0DDD',
        use: 'nickname',
        period: { start: '2021-05-01' },
        given: ['Janey'],
        family: 'Smith',
      },
    ],
    gender: 'female',
    birthDate: '1980-10-22',
    multipleBirthInteger: 1,
    generalPractitioner: [
      {
        id: '254406A3',
        type: 'Organization',
        identifier: { system: odsCodeSystem, value: 'Y12345', period: { start: '2020-01-01' } },
      },
    ],
    extension: [
      pharmacy(extensionUrls.nominatedPharmacy, 'Y12345'),
      pharmacy(extensionUrls.preferredDispenser, 'Y23456'),
      pharmacy(extensionUrls.medicalApplianceSupplier, 'Y34567'),
      communication('fr', true),
      preference(format('12'), method('1'), times('Not after 7pm')) as Extension,
      birthPlace({
        city: 'Manchester',
        district: 'Greater Manchester',
        country: 'GBR',
      }),
      removal,
    ],
    telecom: [
      {
        id: '1A2B3C40',
        period: { start: '2020-01-01' },
        system: 'phone',
        value: '01632960587',
        use: 'home',
      },
      {
        id: '1A2B3C41',
        period: { start: '2020-01-01' },
        system: 'phone',
        value: '07700900123',
        use: 'mobile',
      },
      {
        id: '1A2B3C42',
        period: { start: '2020-01-01' },
        system: 'email',
        value: 'jane@example.com',
        use: 'home',
      },
    ],
    contact: [
      {
        id: '611DCC78',
        period: { start: '2020-01-01' },
        relationship,
        telecom: [{ system: 'phone', value: '01632960587' }],
      },
    ],
    address: [
      {
        id: '8B869CFB',
        period: { start: '2020-01-01' },
        use: 'home',
        line: ['1 Trevelyan Square', 'Boar Lane', 'City Centre', 'Leeds', 'West Yorkshire'],
        postalCode: 'LS1 6AE',
      },
      {
        id: 'F60E2FF2',
        period: { start: '2020-01-01', end: '2021-12-31' },
        use: 'temp',
        text: 'Student Accommodation',
        line: ['7', 'Norman Avenue', 'Eccleshill', 'Bradford', 'West Yorkshire'],
        postalCode: 'BD2 2LY',
      },
    ],
    ...more,
  },
  behind: {},
});

/** The same person dead, the notification formal (2) or informal (1). */
export function dead(status: '1' | '2'): PdsRecord {
  const extension = full().patient.extension ?? [];
  return full({
    deceasedDateTime: '2020-10-22T00:00:00+00:00',
    extension: [...extension, death(status, '2020-10-23T08:00:00+00:00')],
  });
}

export type Operation = Record<string, unknown>;

/** Applies operations as a healthcare worker, or in another mode. Ids count up; practices begin with Y. */
export function patch(
  record: PdsRecord,
  operations: readonly Operation[],
  mode: AccessMode = 'worker',
): PdsRecord {
  let ids = 0;
  return applyPatches(record, readPatches({ patches: operations }), {
    mode,
    now,
    newObjectId: () => (0xab000000 + ids++).toString(16).toUpperCase(),
    isPractice: (code) => code.startsWith('Y'),
  });
}

/** `status code: diagnostics` of the refusal; throws what is no Problem with a row. */
export function refusalOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Problem) || error.row === undefined) throw error;
    const row: Partial<PdsRow> & ErrorRow = error.row;
    return `${row.status} ${row.code ?? ''}: ${row.diagnostics ?? ''}`;
  }
  return 'not refused';
}

export const add = (path: string, value: unknown): Operation => ({ op: 'add', path, value });
export const replace = (path: string, value: unknown): Operation => ({
  op: 'replace',
  path,
  value,
});
export const test = (path: string, value: unknown): Operation => ({ op: 'test', path, value });
export const remove = (path: string): Operation => ({ op: 'remove', path });
