/** Cases of the PATCH catalogue as tables, and the values that several of them use. */
import assert from 'node:assert/strict';
import {
  add,
  death,
  full,
  patch,
  refusalOf,
  relationship,
  replace,
  test,
  type Operation,
} from './patch-records.ts';
import type { PdsRecord } from '../fhir/pds/record.ts';

export interface Case {
  readonly why: string;
  readonly on?: PdsRecord;
  readonly patches: readonly Operation[];
  /** `code: diagnostics`, the code short. */
  readonly says: string;
}

export const invalid = (rest: string) => `400 INVALID_UPDATE: Invalid update with error - ${rest}`;
export const forbidden = (rest: string) =>
  `403 FORBIDDEN_UPDATE: Forbidden update with error - ${rest}`;
export const badValue = (value: string, field: string) =>
  `400 INVALID_VALUE: Invalid value - '${value}' in field '${field}'`;
export const badSentence = (text: string) =>
  `400 INVALID_VALUE: Invalid value with error - ${text}`;
export const missing = (path: string) => `400 MISSING_VALUE: Missing value - '${path}'`;

export function table(name: string, cases: readonly Case[]): void {
  describe(name, () => {
    for (const { why, on, patches, says } of cases) {
      it(why, () => {
        const record = on ?? full();
        const before = structuredClone(record);
        assert.equal(
          refusalOf(() => patch(record, patches)),
          says,
        );
        assert.deepEqual(record, before, 'the record handed in must stay as it was');
      });
    }
  });
}

export const home = {
  use: 'home',
  period: { start: '2020-06-10' },
  line: ['7', 'Norman Avenue', 'Eccleshill', 'Bradford', 'WEST YORKSHIRE'],
  postalCode: 'BD2 2LY',
};
export const billing = {
  ...home,
  use: 'billing',
  period: { start: '2025-06-10', end: '2026-04-10' },
};
export const temp = {
  ...home,
  use: 'temp',
  text: 'Second Home',
  period: { start: '2026-02-01', end: '2026-04-10' },
};
export const withoutTemp = () => full({ address: (full().patient.address ?? []).slice(0, 1) });
export const practice = (more: object = {}) => ({ identifier: { value: 'Y00002', ...more } });
export const contact = { relationship, telecom: [{ system: 'phone', value: '01632960001' }] };
export const dateOfDeath = add('/deceasedDateTime', '2026-01-20');
export const notified = add('/extension/-', death('1'));
export const idOf = (path: string, id: string) => test(`${path}/id`, id);
export const usual = replace('/name/0/id', '69BB7C85');
export const changeOfUse =
  'Update Failed - it is not permitted to change the use of name, address, telecom, patient care or relationship data. ' +
  'A new record should be inserted for the new use or an existing instance of the same use may be updated';
