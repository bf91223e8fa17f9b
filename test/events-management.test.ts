import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openClient, type ManagementClient } from '../scripts/gatehouse/client.ts';
import { searchAudit } from '../server/audit/search.ts';
import { mnsPaths } from '../spine/events/mns/api.ts';
import { eventOf, mnsCaller, takeAll, wishFor, workflow } from './events-ground.ts';
import { meshCaller } from './mesh-ground.ts';
import { root, startTestPlatform, type TestPlatform } from './start-platform.ts';

const flags = 'patientflags-change-1';
const arn = 'arn:aws:sqs:eu-west-2:123456789012:queue1';
const text = readFileSync(join(root, 'spine', 'events', 'mns', 'openapi.json'), 'utf8');

describe('events in the management API', () => {
  let platform: TestPlatform;
  let manage: ManagementClient;
  let mns: ReturnType<typeof mnsCaller>;

  before(async function () {
    this.timeout(180_000);
    platform = await startTestPlatform();
    manage = openClient({ dataDir: platform.dataDir, url: platform.url });
    mns = mnsCaller(platform.url);
  });
  after(() => platform.end());

  it('leads a queue to a mailbox, which one subscription for each type may name', async () => {
    const at = '/events/sandbox/queues';
    const wish = { arn, mailbox: 'bob', workflow };
    const made = await manage.call('POST', at, { body: wish });
    assert.deepEqual(made.body, { ...wish, environment: 'sandbox', mailbox: 'BOB' });
    await assert.rejects(
      manage.call('POST', at, { body: { ...wish, mailbox: 'NOBODY' } }),
      /no such mailbox/,
    );
    await assert.rejects(manage.call('POST', at, { body: { ...wish, arn: 'queue' } }));
    const first = await mns.subscribe(wishFor(`eventType=${flags}`, { endpoint: arn }));
    assert.equal(first.status, 201, first.text);
    const id = String(first.json.id);
    const second = await mns.subscribe(
      wishFor(`eventType='${flags}' AND flagtype='x'`, { endpoint: arn }),
    );
    assert.deepEqual(
      [second.status, second.json],
      [409, { errors: `A matching SQS subscription already exists with id: ${id}` }],
    );
    const event = eventOf();
    await mns.publish(event);
    const bob = meshCaller(platform.url, 'BOB');
    const [told] = await takeAll(bob, 1);
    assert.equal(told?.json.id, event.id);

    const replay = {
      subscription: id,
      from: '2020-01-01T00:00:00Z',
      to: new Date(Date.now() + 60_000).toISOString(),
    };
    const again = await manage.call('POST', '/events/sandbox/replays', { body: replay });
    assert.deepEqual(again.body, { count: 1 });
    const [once] = await takeAll(bob, 1);
    assert.equal(once?.json.id, event.id);
    assert.notEqual(once.id, told.id);

    const listed = await manage.call('GET', '/events/sandbox/mns-subscriptions');
    const [only] = listed.body.items as Record<string, unknown>[];
    assert.deepEqual(
      [only?.id, only?.type, only?.mailbox, only?.criteria],
      [id, flags, 'BOB', undefined],
    );
    await manage.call('DELETE', `${at}/${encodeURIComponent(arn)}`);
    await assert.rejects(
      manage.call('DELETE', `${at}/${encodeURIComponent(arn)}`),
      /no such queue/,
    );
    assert.equal(
      (await mns.subscribe(wishFor('eventType=pdm-resource-change-1', { endpoint: arn }))).status,
      400,
    );
    const actions: string[] = [];
    for await (const { action, kind } of searchAudit(join(platform.dataDir, 'audit'), {}))
      if (kind === 'change') actions.push(action);
    for (const action of ['queue.put', 'event.replay', 'queue.remove'])
      assert.ok(actions.includes(action), action);
  });

  it('has a document that tells the routes that there are, and stands the checks of the public', async () => {
    const { paths } = JSON.parse(text) as {
      readonly paths: Record<string, Record<string, unknown>>;
    };
    const told = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map(
        (method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
      ),
    );
    assert.deepEqual(told.toSorted(), [...mnsPaths].toSorted());
    const document = { text, type: 'application/json' };
    const path = '/apis/multicast-notification-service/specification?publish=true';
    const put = await manage.call('PUT', path, { document });
    assert.deepEqual(put.body.warnings ?? [], []);
  });
});
