import assert from 'node:assert/strict';
import { defaultRecords } from '../../../fhir/synthetic/default-data.ts';
import { confidentialityOf } from '../../../fhir/pds/record.ts';
import { findPatient, loadIdentities, nameOf } from './identities.ts';
import { fixtures } from './rig.test.ts';

const people = loadIdentities(fixtures);
const records = new Map([...defaultRecords(fixtures)].map((record) => [record.patient.id, record]));
const worker = (persona: string) =>
  people.workers.find((each) => each.persona === persona) ?? assert.fail(persona);
const patient = (persona: string) =>
  people.patients.find((each) => each.persona === persona) ?? assert.fail(persona);
const recordOf = (number = '') => records.get(number) ?? assert.fail('there is no such record');

describe('the people of the simulated sign-in', () => {
  it('are told apart by user name, and their roles by id', () => {
    const names = [...people.workers, ...people.patients].map(({ username }) => username);
    assert.equal(new Set(names).size, names.length);
    const roles = [...people.workers.flatMap(({ roles }) => roles), ...people.spareRoles];
    assert.equal(new Set(roles.map(({ id }) => id)).size, roles.length);
    for (const { id, code, orgName } of roles) {
      assert.match(id, /^\d{12}$/);
      assert.match(code, /^S\d{4}:G\d{4}:R\d{4}$/);
      assert.ok(orgName.length > 3);
    }
  });

  it('include those of the national mock, with their role and level', () => {
    const known = people.workers.map(({ username, level, roles }) => [
      username,
      level,
      roles.map(({ code }) => code.slice(-5)).join(' '),
    ]);
    for (const expected of [
      ['656005750108', 3, 'R0260'],
      ['656005750107', 3, 'R8000'],
      ['656005750104', 3, 'R8008 R5080'],
      ['656005750111', 2, 'R0260'],
      ['656005750109', 2, 'R8000'],
      ['656005750112', 2, 'R8008'],
      ['656005750110', 1, ''],
    ])
      assert.ok(known.some((each) => JSON.stringify(each) === JSON.stringify(expected)));
    for (const username of ['656005750105', '656005750106'])
      assert.ok(known.some(([name]) => name === username));
    assert.deepEqual(
      ['9912003071', '9912003072', '9912003073'].map((name) => findPatient(people, name)?.vector),
      ['P9.Cp.Cd', 'P5.Cp.Cd', 'P0.Cp.Cd'],
    );
  });

  it('include a worker for each case', () => {
    assert.equal(worker('aal3-one-role').roles.length, 1);
    assert.equal(worker('aal3-three-roles').roles.length, 3);
    assert.equal(new Set(worker('aal3-three-roles').roles.map(({ odsCode }) => odsCode)).size, 2);
    assert.equal(worker('aal3-no-role').roles.length, 0);
    assert.equal(worker('aal2').level, 2);
    assert.equal(worker('aal1').level, 1);
    assert.deepEqual(
      worker('no-patient-access').roles.map(({ code }) => code.slice(-5)),
      ['R5080'],
    );
    assert.equal(worker('locked').locked, true);
  });

  it('are patients of the default data, by the same name and birth date', () => {
    for (const { nhsNumber, family, given, birthDate, practice } of people.patients) {
      if (nhsNumber === undefined) continue;
      const { patient } = recordOf(nhsNumber);
      const usual = patient.name?.find(({ use }) => use === 'usual');
      assert.deepEqual(
        [usual?.family, usual?.given?.[0], patient.birthDate],
        [family, given, birthDate],
      );
      if (practice !== undefined)
        assert.equal(patient.generalPractitioner?.[0]?.identifier?.value, practice);
    }
  });

  it('include a patient for each case, as the record has it', () => {
    assert.equal(confidentialityOf(recordOf(patient('p9-adult').nhsNumber)), 'U');
    assert.equal(confidentialityOf(recordOf(patient('p9-restricted').nhsNumber)), 'R');
    const merged = recordOf(patient('p9-merged').nhsNumber);
    assert.ok(records.has(merged.behind.supersededBy ?? ''));
    assert.ok(recordOf(patient('p9-deceased').nhsNumber).patient.deceasedDateTime);
    assert.equal(patient('p5').nhsNumber, undefined);
    assert.equal(patient('p0').nhsNumber, undefined);
    assert.ok(records.has(patient('p5-with-number').nhsNumber ?? ''));
  });

  it('include a parent who acts for a child that the record names as theirs', () => {
    const parent = patient('p9-proxy');
    const child = findPatient(people, parent.actsFor ?? '') ?? assert.fail('nobody to act for');
    assert.equal(child.signsIn, false);
    assert.ok(child.birthDate > '2012');
    const related = JSON.stringify(recordOf(child.nhsNumber).behind.relatedPersons);
    assert.ok(related.includes(parent.nhsNumber ?? '?'));
    assert.equal(nameOf(parent), 'Lucy Davies');
  });
});
