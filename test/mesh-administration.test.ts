/** MESH in the management API: who may, what is entered, what comes back, keys that are replaced. The clock is held. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { routes } from '../core/routes.ts';
import { searchAudit } from '../server/audit/search.ts';
import { appCollection } from '../server/catalogue/apps.ts';
import type { Actor } from '../server/catalogue/roles.ts';
import { openMeshManagement } from '../server/mesh-api.ts';
import { meshKeys, openSharedKeys, type SharedKeys } from '../server/mesh-keys.ts';
import { actorOf } from './administration-ground.ts';
import { exchangeFor } from './exchange-for.ts';
import { meshCaller, v2 } from './mesh-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

interface Told {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test names the members it expects
  readonly json: any;
}

const hour = 3_600_000;

describe('MESH in the management API', () => {
  let platform: TestPlatform;
  let sharedKeys: SharedKeys;
  let offset = 0;
  const now = () => Date.now() + offset;
  const clock = { now, newId: () => crypto.randomUUID() };
  const flow = 'RESTRICTED_WORKFLOW';
  const operator = actorOf('operator');
  const box = (mailbox: string) => meshCaller(platform.url, mailbox, { now });
  let call: (actor: Actor, line: string, body?: object, query?: string) => Promise<Told>;

  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform({ clock });
    const { store, journal } = platform;
    const keys = meshKeys(platform.dataDir);
    sharedKeys = openSharedKeys(store, keys, now);
    const { acts } = openMeshManagement({ store, journal, clock, keys, sharedKeys });
    call = async (actor, line, body, rawQuery = '') => {
      const [method = '', path = ''] = line.split(' ');
      const table = Object.entries(acts).map(
        ([route, act]) => [route, (x: Parameters<typeof act>[1]) => act(actor, x)] as const,
      );
      const headers = { 'content-type': 'application/json', 'if-match': '*' };
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const reply = await routes(Object.fromEntries(table))(
        exchangeFor({ ...{ method, path, headers, rawQuery }, ...sent }),
      );
      const text = typeof reply.body === 'string' ? reply.body : '';
      return {
        status: reply.status,
        json: text === '' ? undefined : (JSON.parse(text) as unknown),
      };
    };
  });
  after(async () => {
    sharedKeys.close();
    await platform.end();
  });

  const until = async (what: () => Promise<boolean>) => {
    for (let tries = 0; tries < 200; tries++) {
      if (await what()) return;
      await later(100);
    }
    assert.fail('it never came to that');
  };

  it('shows a developer the mailboxes of own apps, and lets nobody have those of others', async () => {
    const { items } = await platform.store
      .open(appCollection)
      .find({ index: 'all', equals: ['all'], limit: 1 });
    const [app] = items;
    const owner = app?.value.owner ?? '';
    const developer = actorOf('developer', owner);
    const stranger = actorOf('developer', 'Y99999');
    const fields = { name: 'Post', odsCode: 'R9A', app: app?.id };
    const made = await call(developer, 'POST /mesh/sandbox/mailboxes', fields);
    assert.deepEqual([made.status, made.json.app], [201, app?.id]);
    const at = `/mesh/sandbox/mailboxes/${made.json.id}`;
    const all = await call(developer, 'GET /mesh/sandbox/mailboxes');
    assert.deepEqual(
      all.json.items.map(({ id }: { id: string }) => id),
      [made.json.id],
    );
    assert.equal((await call(developer, `GET ${at}/messages`)).status, 200);
    assert.deepEqual((await call(stranger, 'GET /mesh/sandbox/mailboxes')).json.items, []);
    const forbidden = { kind: 'forbidden' };
    const byApp = `app=${app?.id ?? ''}`;
    for (const act of [
      () => call(stranger, 'GET /mesh/sandbox/mailboxes', undefined, byApp),
      () => call(stranger, `GET ${at}`),
      () => call(stranger, `GET ${at}/messages`),
      () => call(stranger, `PATCH ${at}`, { name: 'Mine' }),
      () => call(stranger, `POST ${at}/password`),
      () => call(stranger, `POST ${at}/messages/1_A/restore`),
      () => call(stranger, 'POST /mesh/sandbox/mailboxes', fields),
      () => call(developer, 'POST /mesh/production/mailboxes', fields),
      () => call(developer, 'POST /mesh/sandbox/mailboxes', { name: 'No app', odsCode: 'R9A' }),
      () => call(developer, 'GET /mesh/sandbox/mailboxes/BOB'),
      () =>
        call(developer, 'PUT /mesh/sandbox/workflows/A', { senders: ['*'], receivers: ['BOB'] }),
      () => call(developer, 'POST /mesh/sandbox/shared-key', {}),
      () => call(actorOf('auditor'), `POST ${at}/password`),
      () => call(actorOf('product-owner'), 'GET /mesh/sandbox/mailboxes'),
      () => call(actorOf('viewer', owner), `POST ${at}/password`),
      () => call(actorOf('viewer', 'Y99999'), `GET ${at}`),
    ])
      await assert.rejects(act, forbidden, act.toString());
    assert.equal((await call(actorOf('viewer', owner), `GET ${at}`)).status, 200);
    assert.equal((await call(actorOf('auditor'), `GET ${at}`)).status, 200);
  });

  it('lists what a mailbox received and sent page by page, newest first', async () => {
    const [alice, bob] = [box('ALICE'), box('BOB')];
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      offset += 1000; // never two in a millisecond
      const sent =
        n % 2 === 1 ? bob.send('ALICE', 'ANOTHER_WORKFLOW', 'x') : alice.send('BOB', flow, 'x');
      ids.unshift(String((await sent).json.messageID));
    }
    const at = 'GET /mesh/sandbox/mailboxes/BOB/messages';
    const seen: string[] = [];
    let after = '';
    do {
      const more = after === '' ? '' : `&after=${after}`;
      const { items, next = '' } = (await call(operator, at, undefined, `limit=2${more}`)).json;
      assert.ok(items.length <= 2);
      seen.push(...items.map(({ id }: { id: string }) => id));
      after = next;
    } while (after !== '');
    assert.deepEqual(seen.slice(0, 5), ids);
    assert.equal(new Set(seen).size, seen.length);
    const tracked = (await call(operator, `${at}/${ids[0] ?? ''}`)).json;
    const states = tracked.events.map(({ state }: { state: string }) => state);
    assert.deepEqual([tracked.id, states[0], tracked.reports], [ids[0], 'accepted', []]);
    await assert.rejects(call(operator, `${at}/1_A`), { kind: 'not-found' });
    const received = (await call(operator, at, undefined, 'direction=received')).json.items;
    assert.deepEqual(received.map(({ id }: { id: string }) => id).slice(0, 3), [
      ids[0],
      ids[2],
      ids[4],
    ]);
    for (const wrong of ['direction=up', 'limit=0', 'after=AAAA'])
      await assert.rejects(call(operator, at, undefined, wrong), { kind: 'invalid' }, wrong);
    assert.deepEqual((await call(operator, at, undefined, 'after=eHh4')).json, { items: [] });
  });

  it('puts a message back that was acknowledged or has expired; each end has its report, once', async () => {
    const [alice, bob] = [box('ALICE'), box('BOB')];
    const { messageID: id } = (await alice.send('BOB', flow, 'once more')).json;
    const restore = `POST /mesh/sandbox/mailboxes/BOB/messages/${id}/restore`;
    await assert.rejects(call(operator, restore), /waits in its inbox already/);
    await bob.acknowledge(id);
    assert.equal((await bob.fetch(id)).status, 410);
    assert.equal((await call(operator, restore)).json.state, 'accepted');
    assert.equal((await bob.fetch(id)).text, 'once more');
    await assert.rejects(call(operator, restore.replace('BOB', 'ALICE')), /no such message/);
    for (const wrong of ['..%2f', '%00', 'A'.repeat(100)])
      await assert.rejects(call(operator, restore.replace(id, wrong)), /no such message/);
    for (let round = 1; round <= 2; round++) {
      offset += 5 * 24 * hour + 1000;
      await until(async () => (await alice.track(id, v2)).json.status === 'undeliverable');
      const reports = async () => {
        const all: string[] = (await alice.inbox('?max_results=5000')).json.messages;
        const heads = await Promise.all(all.map((one) => alice.fetch(one)));
        return heads.filter(({ headers }) => headers.get('mex-linkedmsgid') === id);
      };
      await until(async () => (await reports()).length === 1);
      const [report] = await reports();
      assert.equal(report?.headers.get('mex-statuscode'), '14');
      await alice.acknowledge(report.headers.get('mex-messageid') ?? '');
      if (round === 1) await call(operator, restore);
    }
    offset += 30 * 24 * hour;
    await assert.rejects(call(operator, restore), /30 days|no such message/);
  });

  it('replaces a shared key with both good for a while, in one environment alone', async () => {
    const count = (key: string) => meshCaller(platform.url, 'BOB', { key, now }).call('/BOB/count');
    const other = await call(operator, 'POST /mesh/sit/shared-key', { overlap: '1h' });
    assert.equal((await count(String(other.json.key))).status, 403);
    assert.deepEqual((await call(operator, 'GET /mesh/sandbox/shared-key')).json, {
      ...{ environment: 'sandbox', first: true },
    });
    const { key } = (await call(operator, 'POST /mesh/sandbox/shared-key', { overlap: '1h' })).json;
    assert.match(key, /^[\w-]{43}$/);
    const shown = (await call(operator, 'GET /mesh/sandbox/shared-key')).json;
    assert.equal(Date.parse(shown.beforeUntil) - Date.parse(shown.created), hour);
    assert.equal(JSON.stringify(shown).includes(key), false);
    for (const one of ['TestKey', key]) assert.equal((await count(one)).status, 200);
    offset += hour + 1;
    assert.equal((await count('TestKey')).status, 403);
    const next = (await call(operator, 'POST /mesh/sandbox/shared-key', { overlap: '0' })).json.key;
    assert.deepEqual([(await count(key)).status, (await count(next)).status], [403, 200]);
    await assert.rejects(call(operator, 'POST /mesh/sandbox/shared-key', { overlap: '9y' }));
  });

  it('enters each deed in the audit, refusals too', async () => {
    const deeds = new Set<string>();
    for await (const { action, status } of searchAudit(join(platform.dataDir, 'audit'), {}))
      deeds.add(`${action} ${status}`);
    for (const deed of [
      ...['mailbox.create 200', 'mailbox.restore 200', 'shared-key.rotate 200'],
      ...['mailbox.create 403', 'mailbox.change 403', 'mailbox.password 403'],
      ...['mailbox.restore 403', 'workflow.put 403', 'shared-key.rotate 403'],
    ])
      assert.ok(deeds.has(deed), deed);
  });

  it('counts for the metrics what was sent, acknowledged, expired and refused, and what waits', async () => {
    const text = await (await fetch(`${platform.url}/metrics`)).text();
    for (const line of [
      /^mesh_messages_total\{[^}]*step="sent"[^}]*\} [1-9]/m,
      /^mesh_messages_total\{[^}]*step="acknowledged"[^}]*\} [1-9]/m,
      /^mesh_messages_total\{[^}]*step="expired"[^}]*\} [1-9]/m,
      /^mesh_refused_total\{environment="sandbox"\} [1-9]/m,
      /^mesh_messages_waiting\{environment="uat"\} 0$/m,
      /^mesh_oldest_waiting_seconds\{environment="sandbox"\} \d/m,
    ])
      assert.match(text, line);
    assert.doesNotMatch(text, /ALICE/);
  });
});
