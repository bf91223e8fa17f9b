import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { answerFaults, r4Faults } from '../test/r4-schema.ts';
import { capabilityStatement } from './capability.ts';
import { loadOpenApi } from './openapi.ts';

const doc = loadOpenApi(fileURLToPath(new URL('pds/openapi.json', import.meta.url)));

describe('capabilityStatement', () => {
  const statement = capabilityStatement(doc, {
    base: 'http://localhost:9000/personal-demographics/FHIR/R4',
    version: '0.1.0',
    date: '2026-02-03T10:15:00.000Z',
  });
  const resource = (type: string) =>
    statement.rest?.[0]?.resource?.find((one) => one.type === type);

  it('is valid FHIR R4, and what the document says /metadata answers', function () {
    this.timeout(20_000);
    assert.deepEqual(r4Faults(statement), []);
    const headers = { 'content-type': 'application/fhir+json' };
    assert.deepEqual(answerFaults(doc, 'GET', '/metadata', 200, headers, statement), []);
  });

  it('tells the interactions of each resource', () => {
    const codes = (type: string) => resource(type)?.interaction?.map(({ code }) => code);
    assert.deepEqual(codes('Patient'), ['read', 'patch', 'search-type', 'create']);
    assert.deepEqual(codes('RelatedPerson'), ['search-type']);
    assert.deepEqual(codes('Coverage'), ['search-type', 'create']);
    assert.deepEqual(
      resource('Patient')?.operation?.map(({ name }) => name),
      ['process-birth-details'],
    );
  });

  it('tells the type of each search parameter', () => {
    const types = new Map(resource('Patient')?.searchParam?.map(({ name, type }) => [name, type]));
    assert.equal(types.get('family'), 'string');
    assert.equal(types.get('birthdate'), 'date');
    assert.equal(types.get('general-practitioner'), 'reference');
    assert.equal(types.size, 15);
  });
});
