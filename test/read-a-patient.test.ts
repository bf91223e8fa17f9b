import assert from 'node:assert/strict';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('reading a patient', () => {
  let platform: TestPlatform;
  before(async function () {
    this.timeout(30_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const get = (path: string, headers: Record<string, string> = {}) =>
    platform.call(path, { headers });
  const actAs = (who: string) => ({ 'x-gatehouse-act-as': who });
  const issueOf = (answer: { json: { issue: [Record<string, unknown>] } }) => {
    assert.equal(answer.json.issue.length, 1, 'always exactly one issue');
    return answer.json.issue[0];
  };
  const codeOf = (answer: { json: { issue: { details: { coding: { code: string }[] } }[] } }) =>
    answer.json.issue[0]?.details.coding[0]?.code;

  it('answers with the record, its version as ETag, and the ids as sent', async () => {
    const id = crypto.randomUUID().toUpperCase();
    const answer = await get('/Patient/9000000009', {
      'x-request-id': id,
      'x-correlation-id': 'any text',
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/fhir+json');
    assert.equal(answer.headers.get('etag'), 'W/"2"');
    assert.equal(answer.headers.get('x-request-id'), id);
    assert.equal(answer.headers.get('x-correlation-id'), 'any text');
    assert.equal(answer.json.id, '9000000009');
    assert.equal(answer.json.name[0].family, 'Smith');
  });

  it('takes any Accept and any version of UUID', async () => {
    for (const accept of ['*/*', 'application/json', 'application/fhir+json; version=1.1'])
      assert.equal((await get('/Patient/9000000009', { accept })).status, 200);
    const zero = { 'x-request-id': '00000000-0000-0000-0000-000000000000' };
    assert.equal((await get('/Patient/9000000009', zero)).status, 200);
  });

  it('tells an invalid number, an unknown one and an invalidated one apart', async () => {
    for (const id of ['9000000000', '900000000', '90000000091', 'abcdefghij', '%zz', '%00'])
      assert.equal(codeOf(await get(`/Patient/${id}`)), 'INVALID_RESOURCE_ID', id);
    const unknown = await get('/Patient/9111231130');
    assert.equal(unknown.status, 404);
    assert.deepEqual(issueOf(unknown), {
      severity: 'information',
      code: 'not-found',
      details: {
        coding: [
          {
            system: 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode',
            version: '1',
            code: 'RESOURCE_NOT_FOUND',
            display: 'Resource not found',
          },
        ],
      },
    });
    const withdrawn = await get('/Patient/9990003343');
    assert.equal(withdrawn.status, 404);
    assert.equal(codeOf(withdrawn), 'INVALIDATED_RESOURCE');
    assert.equal(withdrawn.headers.get('etag'), null);
  });

  it('answers for a superseded number with the record at the end of the chain', async () => {
    const answer = await get('/Patient/5900053636');
    assert.equal(answer.status, 200);
    assert.equal(answer.json.id, '9732019395');
    assert.equal(answer.json.identifier[0].value, '9732019395');
  });

  it('judges a call in the published order', async () => {
    const bad = '/Patient/9000000000';
    const steps: [Record<string, string>, string, number, string][] = [
      [{ authorization: 'Bearer', 'x-request-id': 'none' }, bad, 401, 'ACCESS_DENIED'],
      [{ 'x-request-id': 'none' }, '/HelloWorld', 400, 'UNSUPPORTED_REQUEST'],
      [{ 'x-request-id': 'none', 'nhsd-session-urid': 'x' }, bad, 400, 'MISSING_VALUE'],
      [{ 'x-request-id': '1234', 'nhsd-session-urid': 'x' }, bad, 400, 'INVALID_VALUE'],
      [{ 'nhsd-session-urid': 'x' }, bad, 400, 'INVALID_VALUE'],
      [actAs('patient:9000000009'), bad, 403, 'ACCESS_DENIED'],
      [{}, bad, 400, 'INVALID_RESOURCE_ID'],
    ];
    for (const [headers, path, status, code] of steps) {
      const answer = await get(path, headers);
      assert.equal(answer.status, status, `${path} ${JSON.stringify(headers)}`);
      assert.equal(codeOf(answer), code);
    }
  });

  it('says why in the published words', async () => {
    const diagnostics = async (path: string, headers: Record<string, string> = {}) =>
      issueOf(await get(path, headers)).diagnostics;
    assert.equal(
      await diagnostics('/Patient/9000000009', { 'x-request-id': 'none' }),
      'Invalid request with error - X-Request-ID header must be supplied to access this resource',
    );
    assert.equal(
      await diagnostics('/Patient/9000000009', { 'x-request-id': '1234' }),
      "Invalid value - '1234' in header 'X-Request-ID'",
    );
    assert.equal(await diagnostics('/HelloWorld'), "Unsupported path - '/HelloWorld'");
    assert.equal(
      await diagnostics('/Patient/9000000009', { authorization: 'Basic abc' }),
      "Invalid token type 'Basic', must be 'Bearer'",
    );
    assert.equal(
      await diagnostics('/Patient/9000000009', { authorization: 'Bearer HEALTHCARE_WORKER' }),
      'Invalid Access Token',
    );
  });

  it('refuses methods and sub-resources that PDS does not have', async () => {
    for (const [method, path] of [
      ['PUT', '/Patient/9000000009'],
      ['DELETE', '/Patient/9000000009'],
      ['POST', '/Patient/9000000009'],
      ['GET', '/Patient/9000000009/Observation'],
      ['GET', '/Patient/9000000009/_history'],
      ['GET', '/Patient/'],
      ['OPTIONS', '/Patient/9000000009'],
    ] as const) {
      const answer = await platform.call(path, { method });
      assert.equal(answer.status, 400, `${method} ${path}`);
      assert.equal(codeOf(answer), 'UNSUPPORTED_SERVICE');
    }
  });

  it('R131 shows worker, application, privileged application and patient what each may see', async () => {
    for (const who of ['worker', 'app', 'privileged', 'patient:9000000009'])
      assert.equal((await get('/Patient/9000000009', actAs(who))).json.name[0].family, 'Smith');
    const other = await get('/Patient/9000000025', actAs('patient:9000000009'));
    assert.equal(other.status, 403);
    assert.equal(
      issueOf(other).diagnostics,
      'Your access token has insufficient permissions. See documentation regarding Patient access restrictions https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir',
    );
    const worker = await get('/Patient/9727022820', actAs('worker'));
    const privileged = await get('/Patient/9727022820', actAs('privileged'));
    assert.equal(worker.json.meta.security[0].code, 'R');
    assert.equal(worker.json.address, undefined);
    assert.equal(worker.json.generalPractitioner, undefined);
    assert.ok(privileged.json.address.length > 0);
    assert.ok(worker.json.name.length > 0);
    for (const mode of ['app', 'privileged', 'patient:9000000009'])
      assert.equal(
        (await platform.call('/Patient', { method: 'POST', headers: actAs(mode), body: {} }))
          .status,
        403,
        mode,
      );
    assert.equal((await get('/Patient?family=Smith', actAs('patient:9000000009'))).status, 403);
    const many = await get('/Patient?family=Sm*&birthdate=2010-10-22&_max-results=5', actAs('app'));
    assert.equal(many.status, 403);
    assert.equal(codeOf(many), 'INVALID_VALUE');
  });

  it('shows no name, date or place of a very restricted person to anyone', async () => {
    for (const who of ['worker', 'privileged']) {
      const { json } = await get('/Patient/9727024610', actAs(who));
      assert.equal(json.meta.security[0].code, 'V');
      for (const member of ['name', 'birthDate', 'address', 'telecom', 'generalPractitioner'])
        assert.equal(json[member], undefined, member);
    }
  });

  it('refuses an act-as header it does not know', async () => {
    for (const who of ['doctor', 'patient:9000000000', '__proto__', 'constructor'])
      assert.equal((await get('/Patient/9000000009', actAs(who))).status, 400, who);
  });

  it('answers a browser of another origin', async () => {
    const preflight = await platform.call('/Patient/9000000009', {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
    });
    assert.equal(preflight.status, 200);
    assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://app.example');
    assert.equal(preflight.headers.get('access-control-max-age'), '3628800');
    const answer = await get('/Patient/9000000009', { origin: 'https://app.example' });
    assert.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example');
  });

  it('tells its health without ids and without a caller', async () => {
    const ping = await get('/_ping', { 'x-request-id': 'none' });
    assert.equal(ping.status, 200);
    assert.deepEqual(Object.keys(ping.json), ['version', 'revision', 'releaseId', 'commitId']);
    const status = await get('/_status', { 'x-request-id': 'none' });
    assert.equal(status.json.status, 'pass');
    assert.equal(status.json.checks['spine:status'].status, 'pass');
  });
});
