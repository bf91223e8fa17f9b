import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { parseXml, usualXmlLimits } from '../../core/xml.ts';
import { writeXml } from '../../core/xml-write.ts';
import type { Patients } from '../../fhir/pds/patients.ts';
import { hl7v3Ground, type Hl7v3Ground } from '../../test/hl7v3-ground.ts';
import { itkOperations, type ItkOperationName } from '../interactions-itk.ts';
import { hl7 } from '../pds/elements.ts';
import { itkCodeOf, problemOfItkCode } from './answer-codes.ts';
import { readDistribution, writeDistribution } from './distribution.ts';
import { handleItkOperation } from './handle.ts';
import { fromItkAnswer, fromItkRequest, toItkRequest, type ItkTerms } from './payloads.ts';

const known: ItkTerms = {
  birthDate: '2010-10-22',
  family: 'Smith',
  given: ['Jane'],
  gender: 'female',
};
const jane = '9000000009';

function operationNamed(name: ItkOperationName) {
  return itkOperations.find((one) => one.name === name) ?? assert.fail('no such operation');
}

describe('the demographics mini-services', () => {
  let folder: string;
  let on: Hl7v3Ground;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pds-itk-'));
    on = await hl7v3Ground(folder);
  });
  after(async () => {
    await on.close();
    await rm(folder, { recursive: true });
  });

  /** Through texts and envelopes, as on the wire. */
  const ask = async (name: ItkOperationName, terms: ItkTerms, patients: Patients = on.patients) => {
    const operation = operationNamed(name);
    const sent = writeDistribution({
      service: operation.service,
      trackingId: 'T1',
      auditIdentity: 'urn:nhs-uk:identity:ods:rhm:team1:C',
      sender: 'urn:nhs-uk:addressing:ods:rhm:team1:C',
      payload: toItkRequest(operation, terms, 'A1'),
      payloadId: 'P1',
    });
    const { payloads, service } = readDistribution(parseXml(writeXml(sent), usualXmlLimits));
    assert.equal(service, operation.service);
    const [payload = hl7('none')] = payloads;
    const answer = await handleItkOperation(operation, payload, {
      patients,
      asking: on.asking('itk'),
      newId: () => 'b2',
      practiceName: () => Promise.resolve('A SURGERY'),
    });
    assert.equal(answer.name, operation.answer);
    return fromItkAnswer(parseXml(writeXml(answer), usualXmlLimits));
  };

  it('verify a number', async () => {
    const { code, verified } = await ask('verifyNHSNumber', {
      nhsNumber: jane,
      birthDate: '2010-10-22',
    });
    assert.equal(code, 'SMSP-0000');
    assert.deepEqual(verified, { nhsNumber: jane, valid: true });
    const other = await ask('verifyNHSNumber', { nhsNumber: jane, birthDate: '2010-10-23' });
    assert.deepEqual(other, { code: 'DEMOG-0040' });
  });

  it('find a number and nothing else', async () => {
    const { code, patient } = await ask('getNHSNumber', { ...known, localId: 'L-1' });
    assert.equal(code, 'SMSP-0000');
    assert.equal(patient?.id, jane);
    assert.equal(patient.name, undefined);
  });

  it('tell details by number, by search, and by either', async () => {
    for (const [name, terms] of [
      ['getPatientDetailsByNHSNumber', { nhsNumber: jane, birthDate: '2010-10-22' }],
      ['getPatientDetailsBySearch', known],
      ['getPatientDetails', { nhsNumber: jane, birthDate: '2010-10-22' }],
      ['getPatientDetails', known],
    ] as const) {
      const { code, patient, localId } = await ask(name, { ...terms, localId: 'L-1' });
      assert.equal(code, 'SMSP-0000');
      assert.equal(localId, 'L-1');
      assert.equal(patient?.name?.[0]?.family, 'Smith');
      assert.equal(patient.address?.[0]?.postalCode, 'LS1 6AE');
      assert.equal(patient.generalPractitioner?.[0]?.identifier?.value, 'Y12345');
    }
  });

  it('answer refusals with a code and nothing else', async () => {
    const born = { birthDate: '2010-10-22' };
    for (const [name, terms, code] of [
      ['getNHSNumber', { ...known, family: 'Nobody' }, 'DEMOG-0001'],
      ['getPatientDetailsByNHSNumber', { ...born, nhsNumber: '9111231130' }, 'DEMOG-0001'],
      ['getPatientDetailsByNHSNumber', { ...born, nhsNumber: '9000000008' }, 'DEMOG-0042'],
      ['getPatientDetailsByNHSNumber', { nhsNumber: jane }, 'SMSP-0001'],
      ['getPatientDetails', born, 'SMSP-0001'],
      ['getNHSNumber', { ...known, family: 'S*' }, 'SMSP-0001'],
    ] as const)
      assert.deepEqual(await ask(name, terms), { code });
  });

  it('say so when the records are away', async () => {
    const away = {
      ...on.patients,
      retrieve: () => Promise.reject(new Problem('unavailable', 'away')),
    };
    const terms = { nhsNumber: jane, birthDate: '2010-10-22' };
    assert.deepEqual(await ask('verifyNHSNumber', terms, away), { code: 'SMSP-0003' });
  });

  it('read back each question that they can write', () => {
    const all = { ...known, nhsNumber: jane, postcode: 'LS1 6AE', localId: 'L-1' };
    const asked = toItkRequest(operationNamed('getPatientDetails'), all, 'A1');
    assert.deepEqual(fromItkRequest(parseXml(writeXml(asked), usualXmlLimits)), all);
  });

  it('mean by a code what the records mean by the Problem', () => {
    for (const code of [
      'DEMOG-0001',
      'DEMOG-0007',
      'DEMOG-0022',
      'DEMOG-0042',
      'SMSP-0001',
      'SMSP-0002',
      'SMSP-0003',
      'SMSP-0004',
      'SMSP-9999',
    ]) {
      const problem = problemOfItkCode(code) ?? assert.fail('it refuses');
      assert.equal(itkCodeOf(problem), code);
    }
    assert.equal(problemOfItkCode('SMSP-0000'), undefined);
  });
});
