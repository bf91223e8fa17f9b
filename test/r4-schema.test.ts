import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { loadOpenApi, type Example } from '../fhir/openapi.ts';
import { answerFaults, r4Faults, type Headers } from './r4-schema.ts';

const doc = loadOpenApi(fileURLToPath(new URL('../fhir/pds/openapi.json', import.meta.url)));

describe('answerFaults', () => {
  const patient = structuredClone((doc.components.examples?.Patient as Example).value); // is there: used above
  const headers = { 'content-type': 'application/fhir+json', etag: 'W/"4"' };
  const faults = (status: number, sent: Headers, body: unknown, path = '/Patient/9000000009') =>
    answerFaults(doc, 'GET', path, status, sent, body);

  it('finds nothing wrong with an answer that is as described', () => {
    assert.deepEqual(faults(200, headers, patient), []);
  });

  it('finds a status, a path, a media type and a header that are not described', () => {
    assert.match(faults(418, headers, patient).join(), /not described as answering 418/);
    assert.match(faults(200, headers, patient, '/Patients').join(), /not described/);
    assert.match(
      faults(200, { ...headers, 'content-type': 'text/html' }, patient).join(),
      /text\/html/,
    );
    assert.match(faults(200, { ...headers, etag: undefined }, patient).join(), /has no ETag/);
    assert.match(faults(200, { ...headers, etag: '4' }, patient).join(), /ETag is 4/);
  });

  it('finds a member that the API does not send, and one that R4 does not know', () => {
    const active = { ...(patient as object), active: true };
    assert.match(faults(200, headers, active).join(), /active/);
    const issue = [{ severity: 'error', code: 'token' }];
    assert.deepEqual(r4Faults({ resourceType: 'OperationOutcome', issue }), []);
    assert.ok(r4Faults({ resourceType: 'OperationOutcome', issue: [{ code: 'odd' }] }).length > 0);
    assert.ok(r4Faults({ resourceType: 'Patient', birthDate: '2010-13-40' }).length > 0);
    assert.ok(r4Faults({ resourceType: 'Patient', name: [{ given: [null] }] }).length > 0);
  });

  it('takes blank address lines as R4 writes them', () => {
    const noData = {
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason',
          valueCode: 'unknown',
        },
      ],
    };
    const address = [{ use: 'home', line: [null, '8 Ropewalk'], _line: [noData, null] }];
    assert.deepEqual(faults(200, headers, { ...(patient as object), address }), []);
  });
});
