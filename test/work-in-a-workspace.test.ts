import assert from 'node:assert/strict';
import { startTestPlatform, call, type TestPlatform } from './start-platform.ts';

const path = '/Patient/9000000009';
const search = '/Patient?family=Smith&birthdate=eq2010-10-22&given=Jane';

describe('working in a workspace', () => {
  let platform: TestPlatform;
  before(async function () {
    this.timeout(30_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const sandbox = (rest: string, method = 'GET', body?: unknown) =>
    call(`${platform.url}/_sandbox/workspaces${rest}`, {
      method,
      ...(body === undefined ? {} : { body }),
    });
  const make = async (): Promise<string> => (await sandbox('', 'POST', { name: 'mine' })).json.id;
  const rename = (workspace: string, version = 'W/"2"') =>
    platform.call(path, {
      method: 'PATCH',
      headers: { 'if-match': version, 'x-gatehouse-workspace': workspace },
      body: {
        patches: [
          { op: 'replace', path: '/name/0/family', value: 'Newname' },
          { op: 'test', path: '/name/0/id', value: '123' },
        ],
      },
    });
  const family = async (workspace: string) =>
    (await platform.call(path, { headers: { 'x-gatehouse-workspace': workspace } })).json.name[0]
      .family;

  it('R050 keeps what is written in one away from all others, until it is reset', async () => {
    const [mine, yours] = [await make(), await make()];
    assert.equal((await rename(mine)).status, 200);
    assert.equal(await family(mine), 'Newname');
    assert.equal(await family(yours), 'Smith');
    assert.equal(await family('shared'), 'Smith');
    await sandbox(`/${mine}/reset`, 'POST');
    assert.equal(await family(mine), 'Smith');
  });

  it('does not show a workspace what is written in the shared one', async () => {
    const mine = await make();
    assert.equal((await rename('shared')).status, 200);
    assert.equal(await family('shared'), 'Newname');
    assert.equal(await family(mine), 'Smith');
    assert.equal((await sandbox('/shared/reset', 'POST')).json.dropped, 1);
    assert.equal(await family('shared'), 'Smith');
  });

  it('searches the base with its own changes over it', async () => {
    const mine = await make();
    const headers = { 'x-gatehouse-workspace': mine };
    assert.equal((await platform.call(search, { headers })).json.total, 1);
    await rename(mine);
    assert.equal((await platform.call(search, { headers })).json.total, 0);
    const renamed = '/Patient?family=Newname&birthdate=eq2010-10-22';
    assert.equal((await platform.call(renamed, { headers })).json.total, 1);
    assert.equal((await platform.call(renamed)).json.total, 0);
  });

  it('R058 goes back to the base data in one call', async () => {
    const mine = await make();
    await rename(mine);
    assert.equal((await sandbox(`/${mine}`)).json.changed, 1);
    assert.deepEqual((await sandbox(`/${mine}/reset`, 'POST')).json, { dropped: 1 });
    assert.equal(await family(mine), 'Smith');
    const scenarios = await call(`${platform.url}/_sandbox/scenarios`);
    assert.ok(scenarios.json.scenarios.length >= 10);
  });

  it('takes patients of the caller, and only there', async () => {
    const mine = await make();
    const seeded = await sandbox(`/${mine}/patients`, 'POST', {
      resourceType: 'Patient',
      id: '9999999999',
      identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9999999999' }],
      name: [{ id: 'A0000001', use: 'usual', family: 'Seeded', given: ['Sam'] }],
      gender: 'male',
      birthDate: '1990-01-02',
    });
    assert.equal(seeded.status, 201, seeded.text);
    const headers = { 'x-gatehouse-workspace': mine };
    const read = await platform.call('/Patient/9999999999', { headers });
    assert.equal(read.status, 200);
    assert.equal(read.headers.get('etag'), 'W/"1"');
    const found = await platform.call('/Patient?family=Seeded&birthdate=1990-01-02', { headers });
    assert.equal(found.json.total, 1);
    assert.equal((await platform.call('/Patient/9999999999')).status, 404);
  });

  it('refuses what is no Patient, an unknown workspace and the deletion of the shared one', async () => {
    const mine = await make();
    for (const body of [[], {}, { resourceType: 'Patient', id: '9000000000' }, 'nonsense'])
      assert.equal((await sandbox(`/${mine}/patients`, 'POST', body)).status, 400);
    const answer = await platform.call(path, { headers: { 'x-gatehouse-workspace': 'nowhere' } });
    assert.equal(answer.status, 404);
    assert.equal(answer.json.resourceType, 'OperationOutcome');
    assert.equal((await sandbox('/shared', 'DELETE')).status, 403);
    assert.equal((await sandbox('/nowhere')).status, 404);
  });

  it('lists and deletes', async () => {
    const mine = await make();
    const ids = (await sandbox('')).json.workspaces.map(({ id }: { id: string }) => id);
    assert.ok(ids.includes(mine) && ids.includes('shared'));
    assert.equal((await sandbox(`/${mine}`, 'DELETE')).status, 204);
    assert.equal((await sandbox(`/${mine}`)).status, 404);
  });
});
