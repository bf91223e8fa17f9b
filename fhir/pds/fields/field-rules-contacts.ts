/** Telecom, emergency contacts, the general practice and the managing organisation of a Patient (pds-fhir 3.4). */
import type { ContactPoint, Identifier, PatientContact, Reference } from 'fhir/r4.js';
import { isOdsCode, odsCodeSystem } from '../../identifiers.ts';
import { missingValue } from '../errors.ts';
import { extensionUrls } from './extensions.ts';
import { currentUrl } from './field-rules-addresses.ts';
import { periodOf, type Dated } from './field-rules-dates.ts';
import {
  codeOf,
  given,
  idOf,
  isBlank,
  isFields,
  listOf,
  objectOf,
  required,
  textOf,
  wrong,
  type Fields,
  type Rules,
} from './field-rules-values.ts';

const systems = ['phone', 'fax', 'email', 'other'] as const;
const uses = ['home', 'work', 'temp', 'mobile'] as const;

/** The value as a way to reach the patient. `path` is where it stands, as `telecom/0`. */
export function telecomOf(value: unknown, path: string, rules: Rules): ContactPoint {
  const fields = objectOf(value, path, ['id', 'period', 'system', 'value', 'use', 'extension']);
  const { system, value: text } = reachedAt(fields, path, rules, systems);
  const use = codeOf(required(fields, 'use', path), `${path}/use`, uses);
  const textphone = textphoneOf(fields.extension, `${path}/extension`);
  if (textphone && system !== 'other') throw wrong(system, `${path}/system`);
  return {
    ...given('id', fields.id === undefined ? undefined : idOf(fields.id, `${path}/id`)),
    period: periodOf(fields.period, `${path}/period`, rules, 'telecom'),
    system,
    value: text,
    use,
    ...given('extension', textphone),
  };
}

function reachedAt<System extends string>(
  fields: Fields,
  path: string,
  rules: Rules,
  allowed: readonly System[],
): { system: System; value: string } {
  const system = codeOf(required(fields, 'system', path), `${path}/system`, allowed);
  const value = textOf(required(fields, 'value', path), `${path}/value`, 100);
  if (system === 'email' && !isEmail(value)) throw rules.refuse('email format is invalid');
  return { system, value };
}

/** Longer than 6 and shorter than 90 characters, one `@`, and a domain of at least two labels. */
export function isEmail(text: string): boolean {
  if (text.length <= 6 || text.length >= 90) return false;
  const [name = '', domain = '', ...more] = text.split('@');
  const labels = domain.split('.');
  return (
    more.length === 0 &&
    /^[^\s<>()[\],;:"\\]+$/.test(name) &&
    labels.length > 1 &&
    labels.every((label) => /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/.test(label))
  );
}

/** The extension that makes system `other` a textphone; no other extension may stand here. */
function textphoneOf(value: unknown, path: string): ContactPoint['extension'] {
  const [first] = listOf(value, path, 1);
  if (first === undefined) return undefined;
  const fields = objectOf(first, `${path}/0`, ['url', 'valueCoding']);
  if (currentUrl(required(fields, 'url', `${path}/0`)) !== extensionUrls.otherContactSystem)
    throw wrong(fields.url, `${path}/0/url`);
  const coding = objectOf(required(fields, 'valueCoding', `${path}/0`), `${path}/0/valueCoding`, [
    'system',
    'version',
    'code',
    'display',
  ]);
  if (coding.code !== 'textphone') throw wrong(coding.code, `${path}/0/valueCoding/code`);
  const system = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-OtherContactSystem';
  return [
    {
      url: extensionUrls.otherContactSystem,
      valueCoding: { system, code: 'textphone', display: 'Minicom (Textphone)' },
    },
  ];
}

// ---- emergency contacts ----

/** The value as an emergency contact: relationship C, telecom without use, period or fax. */
export function contactOf(value: unknown, path: string, rules: Rules): PatientContact {
  const fields = objectOf(value, path, ['id', 'period', 'relationship', 'telecom']);
  const period = periodOf(fields.period, `${path}/period`, rules, 'contact');
  checkRelationship(fields, path);
  const telecom = listOf(required(fields, 'telecom', path), `${path}/telecom`, 5).map((one, i) =>
    contactTelecom(one, `${path}/telecom/${i}`, rules),
  );
  if (telecom.length === 0) throw missingValue(`${path}/telecom`);
  return {
    ...given('id', fields.id === undefined ? undefined : idOf(fields.id, `${path}/id`)),
    period,
    relationship: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/v2-0131',
            code: 'C',
            display: 'Emergency Contact',
          },
        ],
      },
    ],
    telecom,
  };
}

function checkRelationship(fields: Fields, path: string): void {
  const at = `${path}/relationship`;
  const [first] = listOf(required(fields, 'relationship', path), at, 1);
  if (first === undefined) throw missingValue(at);
  const concept = objectOf(first, `${at}/0`, ['coding', 'text']);
  const [coding] = listOf(required(concept, 'coding', `${at}/0`), `${at}/0/coding`, 1);
  if (coding === undefined) throw missingValue(`${at}/0/coding`);
  const codingPath = `${at}/0/coding/0`;
  const { code } = objectOf(coding, codingPath, ['system', 'version', 'code', 'display']);
  if (isBlank(code)) throw missingValue(`${codingPath}/code`);
  if (code !== 'C') throw wrong(code, `${codingPath}/code`);
}

function contactTelecom(value: unknown, path: string, rules: Rules): ContactPoint {
  if (isFields(value) && !isBlank(value.use)) throw wrong(value.use, `${path}/use`);
  const fields = objectOf(value, path, ['system', 'value', 'use']);
  return reachedAt(fields, path, rules, ['phone', 'email', 'other'] as const);
}

// ---- organisations ----

/** The code of an organisation within an identifier of which system, period and the like are the server's to write. */
function identifierFields(value: unknown, path: string): Fields {
  return objectOf(value, path, ['id', 'use', 'type', 'system', 'value', 'period', 'assigner']);
}

/** A general practice as it stands in a Patient. */
export interface Practice extends Reference {
  identifier: Identifier & { period: Dated };
}

/**
 * The value as the general practice. `{ identifier: { value } }` is enough. `path` is where it stands, as
 * `generalPractitioner/0`.
 */
export function practiceOf(value: unknown, path: string, rules: Rules): Practice {
  const fields = objectOf(value, path, ['id', 'type', 'identifier', 'reference', 'display']);
  const at = `${path}/identifier`;
  const identifier = identifierFields(required(fields, 'identifier', path), at);
  if (isFields(identifier.period) && !isBlank(identifier.period.end))
    throw rules.refuse('general practice business effective end date cannot be set');
  const period = periodOf(identifier.period, `${at}/period`, rules, 'general practice');
  const code = practiceCode(required(identifier, 'value', at), `${at}/value`, rules);
  return {
    ...given('id', fields.id === undefined ? undefined : idOf(fields.id, `${path}/id`)),
    type: 'Organization',
    identifier: { system: odsCodeSystem, value: code, period },
  };
}

/** Whether a general practice names no code at all: PDS takes it for no change. */
export function isEmptyPractice(value: unknown): boolean {
  return isFields(value) && isFields(value.identifier) && isBlank(value.identifier.value);
}

function practiceCode(value: unknown, path: string, rules: Rules): string {
  if (typeof value !== 'string' || !isOdsCode(value)) throw wrong(value, path);
  const code = value.toUpperCase();
  if (!rules.isPractice(code)) throw wrong(value, path);
  return code;
}

/**
 * The value as the managing organisation, which looks after a record once the practice has given it up.
 * `path` is `managingOrganization`.
 */
export function managingOrganizationOf(value: unknown, path: string, rules: Rules): Reference {
  const fields = objectOf(value, path, ['type', 'identifier', 'reference', 'display']);
  const at = `${path}/identifier`;
  const identifier = identifierFields(required(fields, 'identifier', path), at);
  const code = required(identifier, 'value', at);
  if (typeof code !== 'string' || !isOdsCode(code)) throw wrong(code, `${at}/value`);
  const period = isBlank(identifier.period)
    ? undefined
    : periodOf(identifier.period, `${at}/period`, rules, 'managing organisation');
  return {
    type: 'Organization',
    identifier: { system: odsCodeSystem, value: code, ...given('period', period) },
  };
}
