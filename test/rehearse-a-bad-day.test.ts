import assert from 'node:assert/strict';
import { startTestPlatform, call, type TestPlatform } from './start-platform.ts';

const path = '/Patient/9000000009';

describe('rehearsing a bad day', () => {
  let platform: TestPlatform;
  let workspace: string;
  before(async function () {
    this.timeout(30_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());
  beforeEach(async () => {
    workspace = (await call(`${platform.url}/_sandbox/workspaces`, { method: 'POST' })).json.id;
  });

  const inIt = (fields: Record<string, string> = {}) => ({
    'x-gatehouse-workspace': workspace,
    ...fields,
  });
  const update = (scenario: string | undefined, requestId: string, version = 'W/"2"') =>
    platform.call(path, {
      method: 'PATCH',
      headers: inIt({
        'if-match': version,
        'x-request-id': requestId,
        ...(scenario === undefined ? {} : { 'x-gatehouse-scenario': scenario }),
      }),
      body: { patches: [{ op: 'replace', path: '/gender', value: 'male' }] },
    });
  const version = async () =>
    (await platform.call(path, { headers: inIt() })).headers.get('etag') ?? '';

  it('lists every scenario with a description', async () => {
    const { json } = await call(`${platform.url}/_sandbox/scenarios`);
    assert.ok(json.scenarios.length >= 10);
    for (const { name, description } of json.scenarios) assert.ok(name && description);
  });

  it('refuses an unknown scenario and names the known ones', async () => {
    const answer = await platform.call(path, { headers: { 'x-gatehouse-scenario': 'rain' } });
    assert.equal(answer.status, 400);
    assert.match(answer.json.issue[0].diagnostics, /unavailable-applied/);
  });

  it('fails once for each workspace, though clients send the same id everywhere', async () => {
    const id = crypto.randomUUID();
    const headers = { 'x-request-id': id, 'x-gatehouse-scenario': 'unavailable-not-applied' };
    assert.equal((await platform.call(path, { headers })).status, 503);
    assert.equal((await platform.call(path, { headers: inIt(headers) })).status, 503);
    assert.equal((await platform.call(path, { headers })).status, 200);
  });

  it('answers 429 until Retry-After has passed, then lets the call through', async function () {
    this.timeout(10_000);
    const headers = inIt({ 'x-gatehouse-scenario': 'too-many-requests' });
    const first = await platform.call(path, { headers });
    assert.equal(first.status, 429);
    assert.equal(first.json.issue[0].details.coding[0].code, 'TOO_MANY_REQUESTS');
    const wait = Number(first.headers.get('retry-after'));
    assert.ok(wait >= 1);
    assert.equal((await platform.call(path, { headers })).status, 429, 'too early');
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    assert.equal((await platform.call(path, { headers })).status, 200);
  });

  it('answers 503 with the update applied, and a repeat of the request gets its result', async () => {
    const id = crypto.randomUUID();
    const refused = await update('unavailable-applied', id);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '5');
    assert.equal(refused.headers.get('etag'), null);
    assert.equal(await version(), 'W/"3"');
    const repeated = await update('unavailable-applied', id);
    assert.equal(repeated.status, 200);
    assert.equal(repeated.headers.get('etag'), 'W/"3"');
    assert.equal(await version(), 'W/"3"', 'applied once');
  });

  it('answers 503 with nothing applied, and carries a repeat out', async () => {
    const id = crypto.randomUUID();
    assert.equal((await update('unavailable-not-applied', id)).status, 503);
    assert.equal(await version(), 'W/"2"');
    assert.equal((await update('unavailable-not-applied', id)).status, 200);
    assert.equal(await version(), 'W/"3"');
  });

  it('gives the result to a repeat without the scenario too', async () => {
    const id = crypto.randomUUID();
    assert.equal((await update('unavailable-applied', id)).status, 503);
    assert.equal((await update(undefined, id)).status, 200);
    assert.equal(
      (await update(undefined, crypto.randomUUID())).status,
      409,
      'another request is no repeat',
    );
  });

  it('answers 503 to an update that is slower than the caller will wait, and applies it', async function () {
    this.timeout(10_000);
    const answer = await platform.call(path, {
      method: 'PATCH',
      headers: inIt({
        'if-match': 'W/"2"',
        'x-sync-wait': '0.25',
        'x-gatehouse-scenario': 'slow-p50',
      }),
      body: { patches: [{ op: 'replace', path: '/gender', value: 'male' }] },
    });
    assert.equal(answer.status, 503);
    assert.equal(await version(), 'W/"3"');
  });

  it('answers 500, 401 and by cutting the connection', async () => {
    const with_ = (name: string) =>
      platform.call(path, { headers: inIt({ 'x-gatehouse-scenario': name }) });
    const error = await with_('error');
    assert.equal(error.status, 500);
    assert.equal(error.json.issue[0].details.coding[0].code, 'UNKNOWN_ERROR');
    const expired = await with_('expired-token');
    assert.equal(expired.status, 401);
    assert.equal(expired.json.issue[0].diagnostics, 'Access Token expired');
    await assert.rejects(with_('connection-cut'));
    await assert.rejects(update('connection-cut-applied', crypto.randomUUID()));
    assert.equal(await version(), 'W/"3"');
  });

  it('meets a scenario set on a workspace for its next calls only, and only there', async () => {
    const armed = await call(`${platform.url}/_sandbox/workspaces/${workspace}/scenario`, {
      method: 'PUT',
      body: { scenario: 'error', calls: 2 },
    });
    assert.equal(armed.status, 200);
    assert.equal((await platform.call(path)).status, 200, 'the shared workspace is not touched');
    assert.equal((await platform.call(path, { headers: inIt() })).status, 500);
    assert.equal((await platform.call(path, { headers: inIt() })).status, 500);
    assert.equal((await platform.call(path, { headers: inIt() })).status, 200);
  });
});

describe('repeating an update that is still on its way to the disk', () => {
  it('answers both with the one change', async function () {
    this.timeout(30_000);
    const platform = await startTestPlatform({ environment: { STORE_SYNC_DELAY_MS: '300' } });
    try {
      const update = () =>
        platform.call(path, {
          method: 'PATCH',
          headers: { 'if-match': 'W/"2"', 'x-request-id': '60e0b220-8136-4ca5-ae46-1d97ef59d068' },
          body: { patches: [{ op: 'replace', path: '/gender', value: 'male' }] },
        });
      const answers = await Promise.all([update(), update()]);
      for (const { status, headers } of answers)
        assert.deepEqual([status, headers.get('etag')], [200, 'W/"3"']);
    } finally {
      await platform.end();
    }
  });
});
