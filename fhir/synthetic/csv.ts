/** People as rows of a table: the main columns, safe to open in a spreadsheet. */
import type { ContactPoint } from 'fhir/r4.js';
import { confidentialityOf, type PdsRecord } from '../pds/record.ts';

const columns: readonly (readonly [name: string, of: (record: PdsRecord) => string | undefined])[] =
  [
    ['nhs_number', ({ patient }) => patient.id],
    ['title', (record) => usualName(record)?.prefix?.[0]],
    ['given', (record) => usualName(record)?.given?.[0]],
    ['other_given', (record) => usualName(record)?.given?.slice(1).join(' ')],
    ['family', (record) => usualName(record)?.family],
    ['gender', ({ patient }) => patient.gender],
    ['birth_date', ({ patient }) => patient.birthDate],
    ['death_date', ({ patient }) => patient.deceasedDateTime?.slice(0, 10)],
    ['address', (record) => home(record)?.line?.join(', ')],
    ['postcode', (record) => home(record)?.postalCode],
    ['mobile', (record) => telecom(record, ({ use }) => use === 'mobile')],
    [
      'phone',
      (record) => telecom(record, ({ system, use }) => system === 'phone' && use === 'home'),
    ],
    ['email', (record) => telecom(record, ({ system }) => system === 'email')],
    ['practice', ({ patient }) => patient.generalPractitioner?.[0]?.identifier?.value],
    ['confidentiality', (record) => confidentialityOf(record)],
    ['superseded_by', ({ behind }) => behind.supersededBy],
    ['tags', ({ behind }) => behind.tags?.join(' ')],
  ];

/** The first line, with its line end (RFC 4180). */
export const csvHeader = `${columns.map(([name]) => name).join(',')}\r\n`;

/** One person's line, with its line end. What is not known is an empty cell. */
export function csvRow(record: PdsRecord): string {
  return `${columns.map(([, of]) => cell(of(record) ?? '')).join(',')}\r\n`;
}

/** Quoted where it must be; an apostrophe keeps a spreadsheet from running it as a formula. */
export function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function usualName({ patient }: PdsRecord) {
  return patient.name?.find(({ use }) => use === 'usual');
}

function home({ patient }: PdsRecord) {
  return patient.address?.find(({ use }) => use === 'home');
}

function telecom(
  { patient }: PdsRecord,
  wanted: (telecom: ContactPoint) => boolean,
): string | undefined {
  return patient.telecom?.find(wanted)?.value;
}
