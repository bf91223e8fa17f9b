/** Deleting an app over the management API. That nothing lets it in any more is in test/hub-app-end.test.ts. */
import assert from 'node:assert/strict';
import { newApp } from '../../test/administration-ground.ts';
import { managedGround, type ManagedGround } from '../../test/managed-ground.ts';

describe('deleting an app over the management API', () => {
  let ground: ManagedGround;
  beforeEach(async () => {
    ground = await managedGround();
  });
  afterEach(() => ground.end());

  const made = async () => {
    const { json } = await ground.call('POST', '/apps', { body: newApp });
    return `/apps/${String(json.id)}`;
  };
  const owner = `developer ${newApp.owner}`;

  it('takes the version that was read, and it is in no list and at no address after that', async () => {
    const app = await made();
    await ground.call('POST', `${app}/registrations/sandbox`);
    const { etag } = await ground.call('GET', app);
    assert.equal((await ground.call('DELETE', app)).status, 428);
    assert.equal((await ground.call('DELETE', app, { match: '"99"' })).status, 412);
    assert.equal((await ground.call('DELETE', app, { match: etag, as: owner })).status, 204);
    for (const [method, path, body] of [
      ['GET', app, undefined],
      ['GET', `${app}/registrations/sandbox`, undefined],
      ['PATCH', app, { name: 'Back again' }],
      ['POST', `${app}/registrations/sandbox`, undefined],
      ['POST', `${app}/registrations/sandbox/secrets`, undefined],
      ['DELETE', app, undefined],
    ] as const) {
      const answer = await ground.call(method, path, { match: '*', ...(body ? { body } : {}) });
      assert.equal(answer.status, 404, `${method} ${path} ${answer.text}`);
    }
    for (const path of ['/apps', `/apps?owner=${newApp.owner}`])
      assert.deepEqual((await ground.call('GET', path)).json.items, [], path);
  });

  it('is for who may end it, and the refusal cancels nothing', async () => {
    const app = await made();
    const product = { id: 'one', name: 'One', description: '', apis: [], scopes: [] };
    await ground.call('POST', '/products', { body: { ...product, approval: 'automatic' } });
    await ground.call('POST', `${app}/registrations/sandbox`);
    const wish = { app: app.slice('/apps/'.length), product: 'one', environment: 'sandbox' };
    const { json } = await ground.call('POST', '/subscriptions', { body: wish });
    assert.equal(json.state, 'active');
    for (const as of ['developer X26', 'viewer', 'auditor', 'product-owner'])
      assert.equal((await ground.call('DELETE', app, { as, match: '*' })).status, 403, as);
    assert.equal((await ground.call('DELETE', app, { match: '"9"' })).status, 412);
    const path = `/subscriptions/${String(json.id)}`;
    assert.equal((await ground.call('GET', path)).json.state, 'active');
    assert.equal((await ground.call('DELETE', app, { match: '*' })).status, 204);
    const after = (await ground.call('GET', path)).json;
    assert.deepEqual([after.state, after.reason], ['cancelled', 'The app was deleted']);
  });

  it('names what hangs on it, of whatever part', async () => {
    const app = await made();
    ground.hooks.holds = () => Promise.resolve(['mailbox X26ONE in sandbox']);
    const { status, json } = await ground.call('DELETE', app, { match: '*' });
    assert.equal(status, 409);
    assert.match(String(json.detail), /End first what hangs on the app: mailbox X26ONE in sandbox/);
  });
});
