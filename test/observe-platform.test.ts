/** What an installation tells of itself over its own sockets: usage, metrics, status, and the administration of alerts. */
import assert from 'node:assert/strict';
import { demo, startTokenGround, type TokenGround } from './token-ground.ts';
import { manage, type Manage } from './gateway-ground.ts';
import { call } from './start-platform.ts';

describe('an installation', () => {
  let ground: TokenGround;
  let ask: Manage;
  before(async () => {
    ground = await startTokenGround();
    ask = await manage(ground.platform, () => ground.clock.now());
  });
  after(() => ground.end());

  const hello = (apikey: string) =>
    call(`${ground.platform.url}/env/int/hello-world/hello/application`, { headers: { apikey } });

  it('R008 shows the calls of an app in its usage, by product, API and operation', async () => {
    assert.equal((await hello(demo)).status, 200);
    assert.equal((await hello('unknown')).status, 401);
    const { json } = await ask('GET', '/apps');
    const app = json.items.find(
      ({ registrations }: { registrations: Record<string, { clientId: string }> }) =>
        Object.values(registrations).some(({ clientId }) => clientId === demo),
    );
    const usage = await ask('GET', `/usage?app=${app.id}&api=hello-world&environment=int`);
    assert.equal(usage.status, 200, usage.text);
    const { totals, by } = usage.json;
    assert.equal(totals.calls, 1);
    assert.deepEqual(totals.statuses, { '2xx': 1 });
    assert.equal(by.product.length, 1);
    assert.match(by.operation[0].name, /^GET /);
    const all = await ask('GET', '/usage?api=hello-world&environment=int');
    assert.deepEqual(all.json.totals.statuses, { '2xx': 1, '4xx': 1 });
  });

  it('serves metrics of its APIs at /metrics', async () => {
    const answer = await fetch(`${ground.platform.url}/metrics`);
    assert.equal(answer.status, 200);
    const text = await answer.text();
    assert.match(
      text,
      /http_server_request_duration_seconds_count\{api="hello-world",environment="uat"/,
    );
    assert.match(
      text,
      /gateway_config_revision_info\{api="hello-world",environment="uat",revision="1"\} 1/,
    );
    assert.ok(!text.includes(demo));
  });

  it('serves alerts and mail to those who administer it', async () => {
    const rules = await ask('GET', '/alert-rules');
    assert.equal(rules.status, 200, rules.text);
    assert.equal(rules.json.items.length, 11);
    const put = await ask('PUT', '/alert-receivers/team', {
      kind: 'email',
      address: 'a@example.org',
    });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual((await ask('GET', '/alerts')).json, { items: [] });
    assert.deepEqual((await ask('GET', '/mail')).json, { items: [] });
    assert.equal((await fetch(`${ground.platform.url}/management/v1/alerts`)).status, 401);
  });

  it('tells the status of its APIs', async () => {
    const status = await ask('GET', '/status');
    assert.equal(status.status, 200, status.text);
    assert.ok(Array.isArray(status.json.items));
  });
});
