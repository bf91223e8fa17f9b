import assert from 'node:assert/strict';
import { startTestPlatform, call, type TestPlatform } from './start-platform.ts';

const address = {
  use: 'home',
  period: { start: '2020-01-01' },
  line: ['1 Zanzibarstrasse', '', '', 'Quuxton'],
  postalCode: 'AA19 9ZQ',
};
const newborn = {
  resourceType: 'Patient',
  name: [{ use: 'usual', family: 'Xylophonius', given: ['Quibbleford'] }],
  gender: 'male',
  birthDate: '1977-07-17',
  address: [address],
};

/** Everything about people that these calls carry, in the shapes it might be logged in. */
const patientData =
  /9000000009|9000000017|9111231130|9990003343|Xylophonius|Quibbleford|Zanzibar|Quuxton|AA19|1977-07-17|2010-10-22|Smith|jane\.smith|01632960587/i;

describe('what is logged', () => {
  let platform: TestPlatform;
  before(async function () {
    this.timeout(30_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  it('R085 is one line a call with its ids, and no patient data, whatever route a patient takes', async () => {
    const json = { 'content-type': 'application/json' };
    const patch = (path: string, value: unknown, version = 'W/"2"') =>
      platform.call('/Patient/9000000009', {
        method: 'PATCH',
        headers: { 'if-match': version },
        body: { patches: [{ op: 'replace', path, value }] },
      });
    const requestId = crypto.randomUUID();
    const calls = [
      await platform.call('/Patient/9000000009', {
        headers: { 'x-request-id': requestId, 'x-correlation-id': '9000000009 Smith' },
      }),
      await platform.call('/Patient/9000000009', { headers: { 'x-request-id': '9000000009' } }),
      await platform.call('/Patient/9111231130'),
      await platform.call('/Patient/9990003343'),
      await platform.call('/Patient/9000000009/Smith'),
      await platform.call('/Smith/9000000009'),
      await platform.call(
        '/Patient?family=Smith&birthdate=eq2010-10-22&email=jane.smith@example.com&phone=01632960587',
      ),
      await platform.call('/Patient?family=Xylophonius&birthdate=1977-7-17'),
      await platform.call('/Patient?Xylophonius=Smith'),
      await patch('/gender', 'Xylophonius'),
      await patch('/name/0/family', 'Xylophonius'),
      await patch('/Xylophonius', 'Quibbleford'),
      await patch('/gender', 'male', 'W/"9"'),
      await patch('/gender', 'male'),
      await platform.call('/Patient', { method: 'POST', headers: json, body: newborn }),
      await platform.call('/Patient', { method: 'POST', headers: json, body: '{"Xylophonius' }),
      await platform.call('/Patient/9000000009/RelatedPerson'),
      await platform.call('/Coverage?subscriber:identifier=9000000009'),
      await platform.call('/Patient/$process-birth-details', { method: 'POST', body: newborn }),
      await platform.call('/Patient/9000000009', {
        headers: { 'x-gatehouse-act-as': 'patient:9000000009' },
      }),
      await platform.call('/Patient/9000000009', { headers: { 'x-gatehouse-scenario': 'error' } }),
      await platform.call('/Patient/9000000009', {
        headers: { 'x-gatehouse-workspace': 'Smith' },
      }),
      await platform.call('/Patient/9000000009', { headers: { authorization: 'Smith Quuxton' } }),
      await call(`${platform.url}/_sandbox/workspaces/shared/patients`, {
        method: 'POST',
        body: { ...newborn, id: '9000000017' },
      }),
      await call(`${platform.url}/Smith/9000000009`),
    ];
    const logged = platform.logged();
    const lines = logged
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const access = lines.filter(({ message }) => message === 'call');
    assert.equal(access.length, calls.length - 1, 'one line a call to an API; a page is none');
    for (const line of access)
      for (const field of ['requestId', 'correlationId', 'api', 'route', 'status', 'milliseconds'])
        assert.ok(field in line, field);
    assert.ok(access.some((line) => line.requestId === requestId));
    assert.doesNotMatch(logged, patientData);
  });
});
