/**
 * The entries of the birth details that say something about the birth but become no part of the record (pds-fhir 4.9):
 * which members they may have, and which they must. Data of the notification, read and not kept.
 */
import { isNhsNumber, nhsNumberSystem, odsCodeSystem } from '../../identifiers.ts';
import { isDay } from '../fields/field-rules-dates.ts';
import { codeOf, objectOf, textOf, wrong } from '../fields/field-rules-values.ts';
import { at, integerOf, itemsOf, optional, present } from '../fields/members.ts';

/** Judges a value at a path; throws the row that fits. */
type Check = (value: unknown, path: string) => void;

const text: Check = (value, path) => {
  textOf(value, path, 255);
};

const oneOf =
  (...codes: string[]): Check =>
  (value, path) => {
    codeOf(value, path, codes);
  };

const integer =
  (from: number, to: number): Check =>
  (value, path) => {
    integerOf(value, path, from, to);
  };

const list =
  (item: Check, min: number, max: number): Check =>
  (value, path) => {
    itemsOf(value, path, min, max).forEach((each, i) => {
      item(each, at(path, i));
    });
  };

/** An object with these members and no others; names ending in `?` may be absent. */
function object(members: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(members).map(([name, check]) => ({
    name: name.replace('?', ''),
    may: name.endsWith('?'),
    check,
  }));
  const names = checks.map(({ name }) => name);
  return (value, path) => {
    const fields = objectOf(value, path, names);
    for (const { name, may, check } of checks) {
      const held = may ? optional(fields, name) : present(fields, name, path);
      if (held !== undefined) check(held, at(path, name));
    }
  };
}

const day: Check = (value, path) => {
  if (!isDay(value)) throw wrong(value, path);
};

const odsText: Check = (value, path) => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9]{3,10}$/.test(value)) throw wrong(value, path);
};

const nhsNumber: Check = (value, path) => {
  if (typeof value !== 'string' || !isNhsNumber(value)) throw wrong(value, path);
};

const identifierOf = (system: string, value: Check) => object({ 'system?': oneOf(system), value });

const coding = (code: Check) =>
  object({ 'system?': text, 'version?': text, code, 'display?': text });

const concept = (code: Check) => object({ coding: list(coding(code), 1, 1), 'text?': text });

const reference = object({ reference: text, 'type?': text, 'display?': text });
const meta = { resourceType: text, 'id?': text };
const name = object({
  'use?': text,
  'family?': text,
  'given?': list(text, 0, 5),
  'prefix?': list(text, 0, 5),
  'suffix?': list(text, 0, 5),
  'period?': object({ 'start?': day, 'end?': day }),
});

/** Codes of SNOMED CT that say what an Observation is about. */
const birthWeight = '364589006';
const stillbirth = '237364002';
const gestation = '268477000';
const foetuses = '246435002';
const abnormality = '66091009';

const quantity = (value: Check) => object({ value, 'unit?': text, 'system?': text, 'code?': text });

const observation = (about: string, value: Readonly<Record<string, Check>>) =>
  object({
    ...meta,
    'status?': text,
    'subject?': reference,
    code: concept(oneOf(about)),
    ...value,
  });

/** Still-birth: 1 is a live birth; 2, 3 and 4 are still-births before, during and after labour. */
const births = concept(oneOf('1', '2', '3', '4'));

const mother = object({
  ...meta,
  identifier: list(identifierOf(nhsNumberSystem, nhsNumber), 1, 1),
  'name?': list(name, 0, 5),
  'gender?': text,
  'birthDate?': day,
  'generalPractitioner?': list(reference, 0, 1),
});

/** What stands at each place of the Bundle after the baby: the resource type, and its form. */
export const entryShapes: readonly { readonly type: string; readonly check: Check }[] = [
  {
    type: 'Observation',
    check: observation(birthWeight, { valueQuantity: quantity(integer(1000, 9999)) }),
  },
  { type: 'Observation', check: observation(stillbirth, { valueCodeableConcept: births }) },
  {
    type: 'Observation',
    check: observation(gestation, { valueQuantity: quantity(integer(1, 99)) }),
  },
  { type: 'Observation', check: observation(foetuses, { valueInteger: integer(1, 9) }) },
  {
    type: 'Observation',
    check: observation(abnormality, { valueCodeableConcept: concept(text) }),
  },
  {
    type: 'RelatedPerson',
    check: object({
      ...meta,
      'identifier?': list(identifierOf(nhsNumberSystem, nhsNumber), 0, 1),
      'patient?': reference,
      relationship: list(concept(oneOf('GESTM')), 1, 1),
    }),
  },
  { type: 'Patient', check: mother },
  {
    type: 'Organization',
    check: object({
      ...meta,
      identifier: list(identifierOf(odsCodeSystem, odsText), 1, 1),
      'name?': text,
    }),
  },
  {
    type: 'Location',
    check: object({
      ...meta,
      'status?': text,
      identifier: list(identifierOf('https://fhir.nhs.uk/Id/ods-site-code', odsText), 1, 1),
      'name?': text,
      'type?': list(concept(text), 0, 5),
    }),
  },
  {
    type: 'CareTeam',
    check: object({
      ...meta,
      'status?': text,
      'subject?': reference,
      participant: list(
        object({
          'role?': list(concept(text), 0, 5),
          member: object({ identifier: identifierOf(odsCodeSystem, odsText), 'type?': text }),
        }),
        1,
        5,
      ),
    }),
  },
  { type: 'Practitioner', check: object({ ...meta, 'name?': list(name, 0, 5) }) },
];
