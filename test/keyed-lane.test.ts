/** The sandbox with a key: the same address, but a view of the data of the app's own (R050, R055). */
import assert from 'node:assert/strict';
import { call, startTestPlatform, type CallInit, type TestPlatform } from './start-platform.ts';

const jane = '/Patient/9000000009';
const key = { apikey: 'demo-app-sandbox' };
const other = { apikey: 'demo-no-asid-sandbox' };

describe('the keyed lane of the sandbox', () => {
  let platform: TestPlatform;
  before(async () => {
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  const nickname = async (headers: Record<string, string> = {}) => {
    const { status, json } = await platform.call(jane, { headers });
    assert.equal(status, 200);
    const names: { use: string }[] = json.name;
    return names.some(({ use }) => use === 'nickname');
  };
  const rename = (headers: Record<string, string>) =>
    platform.call(jane, {
      method: 'PATCH',
      headers: { ...headers, 'if-match': 'W/"2"' },
      body: {
        patches: [
          { op: 'add', path: '/name/-', value: { use: 'nickname', given: ['Janey'], family: 'S' } },
        ],
      },
    });
  const sandbox = (path: string, init: CallInit = {}) =>
    call(`${platform.url}/_sandbox/workspaces/${path}`, init);

  it('R050 R055 lets anybody in, and keeps what an app writes to that app', async () => {
    const patched = await rename(key);
    assert.equal(patched.status, 200, patched.text);
    assert.deepEqual(
      [await nickname(key), await nickname(other), await nickname()],
      [true, false, false],
    );
  });

  it('lets nobody name the view of an app', async () => {
    const named = { 'x-gatehouse-workspace': 'app-demo' };
    assert.equal((await platform.call(jane, { headers: named })).status, 404);
    for (const [path, method] of [
      ['app-demo', 'GET'],
      ['app-demo', 'DELETE'],
      ['app-demo/reset', 'POST'],
      ['app-demo/scenario', 'DELETE'],
    ] as const)
      assert.equal((await sandbox(path, { method })).status, 404, path);
    assert.equal((await sandbox('own', {})).status, 401);
    assert.equal((await sandbox('own/reset', { method: 'POST', headers: other })).status, 200);
    assert.equal(await nickname(key), true);
  });

  it('lets an app see and reset its own, and not delete it', async () => {
    const shown = await sandbox('own', { headers: key });
    assert.equal(shown.json.changed, 1);
    assert.equal((await sandbox('own', { method: 'DELETE', headers: key })).status, 403);
    const reset = await sandbox('own/reset', { method: 'POST', headers: key });
    assert.deepEqual(reset.json, { dropped: 1 });
    assert.equal(await nickname(key), false);
  });

  it('asks as whom it acts of a call with a key, too', async () => {
    const headers = { ...key, 'x-gatehouse-act-as': 'patient:9000000017' };
    assert.equal((await platform.call(jane, { headers })).status, 403);
  });

  it('passes over a key that is none of ours, and refuses one that does not work here', async () => {
    assert.equal(
      (await platform.call(jane, { headers: { apikey: 'of-the-real-one' } })).status,
      200,
    );
    const integration = await platform.call(jane, { headers: { apikey: 'demo-app-int' } });
    assert.equal(integration.status, 401);
    assert.match(integration.json.issue[0].diagnostics, /environment uat/);
    const revoked = await platform.call(jane, { headers: { apikey: 'demo-revoked-sandbox' } });
    assert.equal(revoked.status, 403);
  });
});
