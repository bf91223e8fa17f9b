import assert from 'node:assert/strict';
import { Client } from 'fhir-kit-client';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const jane = '9000000009';

describe('a stock FHIR client', () => {
  let platform: TestPlatform;
  let client: Client;
  before(async function () {
    this.timeout(30_000);
    platform = await startTestPlatform();
    client = new Client({ baseUrl: `${platform.url}/personal-demographics/FHIR/R4` });
  });
  after(() => platform.end());

  /** PDS wants an id with each request. */
  const options = (headers: Record<string, string> = {}) => ({
    headers: { 'x-request-id': crypto.randomUUID(), ...headers },
  });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the test names the members it expects
  const loose = (value: unknown): any => value;

  it('reads the capability statement, which names what there is', async () => {
    const statement = loose(await client.capabilityStatement());
    assert.equal(statement.resourceType, 'CapabilityStatement');
    assert.equal(statement.fhirVersion, '4.0.1');
    const types = statement.rest[0].resource.map(({ type }: { type: string }) => type);
    for (const type of ['Patient', 'RelatedPerson', 'Coverage']) assert.ok(types.includes(type));
    const patient = statement.rest[0].resource.find(
      ({ type }: { type: string }) => type === 'Patient',
    );
    const codes = patient.interaction.map(({ code }: { code: string }) => code);
    for (const code of ['read', 'patch', 'create', 'search-type']) assert.ok(codes.includes(code));
  });

  it('reads a patient', async () => {
    const patient = loose(
      await client.read({ resourceType: 'Patient', id: jane, options: options() }),
    );
    assert.equal(patient.id, jane);
    assert.equal(patient.name[0].family, 'Smith');
  });

  it('searches', async () => {
    const bundle = loose(
      await client.search({
        resourceType: 'Patient',
        searchParams: { family: 'Smith', gender: 'female', birthdate: 'eq2010-10-22' },
        options: options(),
      }),
    );
    assert.equal(bundle.total, 1);
    assert.equal(bundle.entry[0].resource.id, jane);
  });

  it('gets a failure as an OperationOutcome that it understands', async () => {
    for (const [id, status, code] of [
      ['9000000000', 400, 'INVALID_RESOURCE_ID'],
      ['9111231130', 404, 'RESOURCE_NOT_FOUND'],
    ] as const) {
      const read = client.read({ resourceType: 'Patient', id, options: options() });
      const error = loose(await read.catch((reason: unknown) => reason));
      assert.ok(error instanceof Error);
      assert.ok('response' in error);
      const { response } = loose(error);
      assert.equal(response.status, status);
      assert.equal(response.data.issue[0].details.coding[0].code, code);
    }
  });

  it('patches with the ETag as If-Match, and reads what it wrote', async () => {
    const patches = [
      { op: 'replace', path: '/name/0/family', value: 'Kitson' },
      { op: 'test', path: '/name/0/id', value: '123' },
    ];
    const patched = loose(
      await client.patch({
        resourceType: 'Patient',
        id: jane,
        jsonPatch: loose({ patches }),
        options: options({ 'if-match': 'W/"2"' }),
      }),
    );
    assert.equal(patched.meta.versionId, '3');
    const read = loose(
      await client.read({ resourceType: 'Patient', id: jane, options: options() }),
    );
    assert.deepEqual(read, patched);
    assert.equal(read.name[0].family, 'Kitson');
  });
});
