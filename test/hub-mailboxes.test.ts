/** Mailboxes of a team in the hub: made, counted, looked into, found by id; and who may not. */
import assert from 'node:assert/strict';
import { openClient } from '../scripts/gatehouse/client.ts';
import { signedIn } from './hub-ground.ts';
import {
  deeds,
  factOf,
  handed,
  mailboxTeam,
  makeMailbox,
  rowsOf,
  type MadeMailbox,
  type MailboxTeam,
} from './hub-mailboxes-ground.ts';
import { meshCaller, v2, type MeshCallerOf } from './mesh-ground.ts';
import { until } from './postman-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

const flow = 'WARD_LETTER';

describe('mailboxes in the hub', function () {
  this.timeout(120_000);
  let platform: TestPlatform;
  let team: MailboxTeam;
  let box: MadeMailbox;
  let alice: MeshCallerOf;
  let offset = 0;
  const now = () => Date.now() + offset;

  before(async () => {
    platform = await startTestPlatform({ clock: { now, newId: () => crypto.randomUUID() } });
    team = await mailboxTeam(platform);
    box = await makeMailbox(platform, team);
    alice = meshCaller(platform.url, 'ALICE');
  });
  after(() => platform.end());

  const sent = async (by: MeshCallerOf, to: string, headers = {}, workflow = flow) => {
    const answer = await by.send(to, workflow, 'Mr Example is well', headers);
    assert.equal(answer.status, 202, answer.text);
    return String(answer.json.messageID);
  };

  it('are linked from a subscription to a product with MESH', async () => {
    await openClient({ dataDir: platform.dataDir }).call('POST', '/products', {
      body: {
        id: 'post',
        name: 'Post',
        description: 'MESH',
        apis: ['mesh'],
        approval: 'automatic',
      },
    });
    const made = await team.admin.fill('/subscriptions/new', {
      ...{ app: team.app.slice('/apps/'.length), product: 'post', environment: 'sandbox' },
    });
    assert.equal(made.status, 303, made.faults.join());
    assert.match((await team.admin.get(made.to)).html, new RegExp(`href="${team.app}/mailboxes"`));
  });

  it('are made with an id as production gives them, and a password that is shown once and works', async () => {
    assert.match(box.id, /^R9A[A-Z]{2}\d{3}$/);
    assert.equal((await box.caller.inbox()).status, 200);
    const page = await team.admin.get(box.path);
    assert.equal(factOf(page, 'Name'), 'Ward post');
    assert.equal(page.html.includes(box.password), false);
    assert.equal((await deeds(platform, 'mailbox.create')).at(-1)?.app, `sandbox|${box.id}`);
  });

  it('take an id of their own, and tell beside the field what will not do', async () => {
    const { admin, app } = team;
    const fields = { environment: 'sandbox', name: 'Second', ods_code: 'r9a', id: 'wardpost2' };
    const second = await makeMailbox(platform, team, fields);
    assert.equal(second.path, '/mailboxes/sandbox/WARDPOST2');
    const path = `${app}/mailboxes/new`;
    const again = await admin.fill(path, fields);
    assert.deepEqual([again.status, again.faults], [409, ['There is such a mailbox already']]);
    for (const [name, value, fault] of [
      ['name', '', 'Enter a name'],
      ['ods_code', 'R 9', 'Enter an ODS code: 1 to 12 letters and digits'],
      ['id', 'x', 'The id of a mailbox has 4 to 32 letters and digits'],
      ['id', 'ADMIN', 'The id of a mailbox has 4 to 32 letters and digits'],
      ['environment', 'production', 'Choose one of the environments'],
      ['environment', 'sit', 'Choose one of the environments'],
    ] as const) {
      const page = await admin.fill(path, { ...fields, [name]: value });
      assert.deepEqual([page.status, page.faults], [422, [fault]], name + value);
      assert.match(page.html, new RegExp(`id="${name}-error"`));
    }
    assert.match((await admin.get(path)).html, /In production a mailbox speaks/);
  });

  it('are listed with what waits, its age, and what went in and out', async () => {
    await sent(alice, box.id);
    offset += 50 * 60_000; // an hour would end the sessions
    const lately = meshCaller(platform.url, 'ALICE', { now });
    await sent(lately, box.id);
    const mine = meshCaller(platform.url, box.id, { password: box.password, now });
    await sent(mine, 'BOB');
    const page = await team.viewer.get(`${team.app}/mailboxes`);
    const row = rowsOf(page).find(([first = '']) => first.startsWith(box.id));
    assert.deepEqual(row?.slice(1), ['2', '50 min ago', '1', '0', '2 received1 sent']);
    const one = await team.viewer.get(box.path);
    assert.equal(factOf(one, 'Waiting to be fetched'), '2; the oldest came 50 min ago');
    assert.equal(factOf(one, 'Sent, on the way'), '1');
    assert.match((await team.admin.get(team.app)).html, /It has: Sandbox 2\./);
  });

  it('show messages page by page as ids and states, and none of their contents', async () => {
    const lately = meshCaller(platform.url, 'ALICE', { now });
    const secret = { 'mex-subject': 'About Mrs Secret', 'mex-filename': 'secret-9000000009.txt' };
    const ids: string[] = [];
    for (let n = 0; n < 52; n++) {
      offset += 5;
      ids.unshift(await sent(lately, box.id, secret));
    }
    const first = await team.viewer.get(`${box.path}/messages?direction=received`);
    assert.deepEqual(
      rowsOf(first).map(([id]) => id),
      ids.slice(0, 50).map((id) => id + flow),
    );
    assert.deepEqual(rowsOf(first)[0]?.slice(1, 5), ['From ALICE', '', 'accepted', '18']); // prettier-ignore
    const older = /href="([^"]+)">Older messages/.exec(first.html)?.[1]?.replaceAll('&amp;', '&');
    const second = await team.viewer.get(older ?? '');
    assert.deepEqual(rowsOf(second).slice(0, 2).map(([id]) => id), ids.slice(50).map((id) => id + flow)); // prettier-ignore
    assert.equal(rowsOf(second).length, 4);
    const one = await team.viewer.get(`${box.path}/messages/${ids[0] ?? ''}`);
    assert.match(one.html, /Transferred to recipient mailbox/);
    for (const { html } of [first, second, one])
      assert.doesNotMatch(html, /Secret|secret-9|Mr Example/);
  });

  it('find a message by its id and by the local id, and tell what became of it', async () => {
    const mine = meshCaller(platform.url, box.id, { password: box.password, now });
    const id = await sent(mine, 'BOB', { 'mex-localid': 'letter 7/a' });
    const found = await team.viewer.get(`${box.path}/messages?id=letter+7%2Fa`);
    assert.deepEqual(rowsOf(found).map(([one]) => one), [id + flow]); // prettier-ignore
    const byId = await team.viewer.get(`${box.path}/messages?id=${id.toLowerCase()}`);
    assert.equal(rowsOf(byId)[0]?.[1], 'To BOB');
    await meshCaller(platform.url, 'BOB', { now }).acknowledge(id, v2);
    const page = await team.viewer.get(`${box.path}/messages/${id}`);
    assert.deepEqual(
      rowsOf(page).map(([, state, , text]) => [state, text]),
      [
        ['acknowledged', 'Message acknowledged'],
        ['accepted', 'Transferred to recipient mailbox'],
        ['uploading', 'Taken from the sender'],
      ],
    );
    const foreign = await sent(meshCaller(platform.url, 'ALICE', { now }), 'BOB');
    assert.equal((await team.viewer.get(`${box.path}/messages/${foreign}`)).status, 404);
    assert.deepEqual(rowsOf(await team.viewer.get(`${box.path}/messages?id=${foreign}`)), []);
  });

  it('show the report on what was not delivered, and count it', async () => {
    const mine = meshCaller(platform.url, box.id, { password: box.password, now });
    const id = await sent(mine, 'GPPROVIDER_9000000009_19990101_Nobody', {}, 'TOC_FHIR_IP_DISCH');
    const page = await until(async () => {
      const shown = await team.viewer.get(`${box.path}/messages/${id}`);
      return factOf(shown, 'State') === 'error' && shown.html.includes('Report ') && shown;
    }, 'a report');
    assert.match(page.html, /Report EPL-15\d/);
    assert.doesNotMatch(page.html, /9000000009|Nobody/);
    const report = /href="([^"]+)">(?=\d+_)[^<]+<\/a><\/th><td[^>]*>Report/.exec(page.html)?.[1];
    assert.equal(factOf(await team.viewer.get(report ?? ''), 'About message'), id);
    assert.equal(factOf(await team.viewer.get(box.path), 'Sent, not delivered'), '1 in the last 30 days'); // prettier-ignore
  });

  it('have an acknowledged message put back by an admin, and by no viewer', async () => {
    const id = await sent(meshCaller(platform.url, 'ALICE', { now }), box.id);
    const mine = meshCaller(platform.url, box.id, { password: box.password, now });
    await mine.acknowledge(id, v2);
    const path = `${box.path}/messages/${id}`;
    assert.doesNotMatch((await team.viewer.get(path)).html, /Put it back/);
    assert.equal((await team.viewer.fill(path, {})).status, 403);
    assert.match((await team.admin.get(path)).html, /Put it back/);
    assert.equal((await team.admin.fill(path, {})).to, path);
    assert.equal((await mine.fetch(id, v2)).status, 200);
    const twice = await team.admin.send(await team.admin.get('/account/name'), path, {});
    assert.deepEqual(
      [twice.status, twice.faults],
      [409, ['The message waits in its inbox already']],
    );
    assert.equal((await deeds(platform, 'mailbox.restore')).at(-1)?.status, 200);
  });

  it('are renamed, taken out of use, and given a new password, with each deed in the audit', async () => {
    const { admin } = team;
    const { path, id, password } = await makeMailbox(platform, team, { id: 'WARDPOST3' });
    const changed = await admin.fill(`${path}/change`, { name: 'Other post', active: 'no' });
    assert.equal(changed.to, path);
    assert.equal(factOf(await admin.get(path), 'State'), 'Out of use');
    assert.equal((await meshCaller(platform.url, id, { password, now }).inbox()).status, 403);
    const stale = await admin.fill(`${path}/change`, {
      name: 'Third',
      active: 'yes',
      version: '1',
    });
    assert.equal(stale.status, 409);
    await admin.fill(`${path}/change`, { name: 'Other post', active: 'yes' });
    const made = await admin.fill(`${path}/password`, {});
    const next = await handed(admin, made);
    const status = async (word: string) =>
      (await meshCaller(platform.url, id, { password: word, now }).inbox()).status;
    assert.deepEqual([await status(password), await status(next)], [403, 200]);
    for (const action of ['mailbox.change', 'mailbox.password'])
      assert.equal((await deeds(platform, action)).at(-1)?.app, `sandbox|${id}`, action);
  });

  it('let viewers see, refuse their changes, and are not there for others', async () => {
    const { admin, viewer, outsider, app } = team;
    const seen = [`${app}/mailboxes`, box.path, `${box.path}/messages`];
    const forms = [`${box.path}/change`, `${box.path}/password`, `${box.path}/pushes/new`];
    for (const path of seen) assert.equal((await viewer.get(path)).status, 200, path);
    for (const path of forms) {
      assert.equal((await viewer.get(path)).status, 403, path);
      assert.equal((await admin.get(path)).status, 200, path);
      const token = await viewer.get('/account/name');
      assert.equal((await viewer.send(token, path, { name: 'Mine' })).status, 403, path);
    }
    assert.doesNotMatch((await viewer.get(box.path)).html, /Change the mailbox|new password/);
    const made = await viewer.send(await viewer.get('/account/name'), `${app}/mailboxes/new`, {
      ...{ environment: 'sandbox', name: 'Mine', ods_code: 'R9A' },
    });
    assert.equal(made.status, 422);
    for (const path of [...seen, ...forms, `${app}/mailboxes/new`]) {
      assert.equal((await outsider.get(path)).status, 404, path);
      const token = await outsider.get('/account/name');
      const sentTo = await outsider.send(token, path, { name: 'Mine' });
      assert.ok([404, 405].includes(sentTo.status), `${path} ${sentTo.status}`);
    }
    for (const path of ['/mailboxes/sandbox/BOB', '/mailboxes/sandbox/BOB/messages'])
      assert.equal((await admin.get(path)).status, 404, path);
    const stranger = await fetch(platform.url + box.path, { redirect: 'manual' });
    assert.equal(stranger.status, 303);
  });

  it('answer odd addresses with 404 and odd questions with a page', async () => {
    const { admin, app } = team;
    for (const path of [
      ...['/mailboxes/int/BOB', '/mailboxes/nowhere/BOB', '/mailboxes/sandbox/bob'],
      ...['/mailboxes/sandbox/NOBODY', '/mailboxes/sandbox/%00', '/mailboxes/sandbox/A%7CB'],
      ...[`${box.path}/messages/none`, `${box.path}/messages/%2e%2e`, `${box.path}/pushes/none`],
      ...[`${box.path}/pushes/none/letters/x`, `${app}x/mailboxes`],
    ])
      assert.equal((await admin.get(path)).status, 404, path);
    for (const query of [
      ...['after=zzz', 'after=%00', 'direction=sideways', 'id=%00%01', `id=${'x'.repeat(2000)}`],
      ...['id=%3Cscript%3E', 'after=', `after=${'y'.repeat(3000)}`],
    ]) {
      const { status, html } = await admin.get(`${box.path}/messages?${query}`);
      assert.ok(status < 500, `${query}: ${status}`);
      assert.doesNotMatch(html, /<script>/);
    }
  });

  it('are all there for operators, with depth and age, and for auditors to see', async () => {
    for (const who of ['operator', 'auditor'] as const) {
      const client = await signedIn(platform, who);
      const page = await client.get('/operations/mailboxes');
      assert.equal(page.status, 200);
      const rows: string[][] = [];
      let path = '/operations/mailboxes?environment=sandbox';
      for (; path !== '';) {
        const one = await client.get(path);
        rows.push(...rowsOf(one));
        path = /href="([^"]+)">Next mailboxes/.exec(one.html)?.[1]?.replaceAll('&amp;', '&') ?? '';
      }
      assert.match(page.html, /Where messages have waited longest/);
      const mine = rows.find(([id, ...cells]) => id === box.id && cells.length === 5);
      assert.match(mine?.[4] ?? '', /^\d+$/);
      assert.match(mine?.[5] ?? '', / ago$/);
      assert.ok(rows.some(([id]) => id === 'BOB'));
      assert.equal((await client.get('/mailboxes/sandbox/BOB')).status, 200);
      const change = await client.get('/mailboxes/sandbox/BOB/change');
      assert.equal(change.status, who === 'operator' ? 200 : 403);
    }
    const page = await team.admin.get('/operations/mailboxes');
    assert.equal(page.status, 403);
  });
});
