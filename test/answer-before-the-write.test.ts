import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testNumber } from '../fhir/synthetic/numbers.ts';
import { searchAudit } from '../server/audit/search.ts';
import { allOf } from './audit-folder.ts';
import { call, startTestPlatform, type TestPlatform } from './start-platform.ts';

const nhsNumber = testNumber(1);
const path = `/Patient/${nhsNumber}`;

describe('an update that takes longer than its caller waits', function () {
  this.timeout(30_000);
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform({
      withoutDefaults: true,
      environment: { STORE_SYNC_DELAY_MS: '800' },
    });
    await call(`${platform.url}/_sandbox/workspaces/shared/patients`, {
      method: 'POST',
      body: {
        resourceType: 'Patient',
        id: nhsNumber,
        name: [{ id: 'a', use: 'usual', family: 'Late', given: ['Ann'] }],
        gender: 'female',
        birthDate: '1990-01-01',
      },
    });
  });
  after(() => platform.end());

  it('is audited twice: as it was answered, and as it ended', async () => {
    const requestId = crypto.randomUUID();
    const answer = await platform.call(path, {
      method: 'PATCH',
      headers: { 'if-match': 'W/"1"', 'x-request-id': requestId, 'x-sync-wait': '0.25' },
      body: { patches: [{ op: 'replace', path: '/gender', value: 'male' }] },
    });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '5');
    while ((await platform.call(path)).headers.get('etag') !== 'W/"2"')
      await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const entries = await allOf(
      searchAudit(join(platform.dataDir, 'audit'), { patient: nhsNumber }),
    );
    const own = entries.filter((entry) => entry.requestId === requestId);
    assert.deepEqual(
      own.map(({ status, code, commit }) => [status, code, commit > 0]),
      [
        [503, 'SERVICE_UNAVAILABLE', false],
        [200, '', true],
      ],
    );
  });
});
