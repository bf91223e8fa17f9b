import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { meshCaller, v2, type MeshCallerOf } from './mesh-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('mailboxes of MESH', () => {
  let platform: TestPlatform;
  let alice: MeshCallerOf;
  let bob: MeshCallerOf;
  let offset = 0;
  const clock = { now: () => Date.now() + offset, newId: () => crypto.randomUUID() };
  const named = (id: string) => meshCaller(platform.url, id, { now: () => clock.now() });

  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform({ clock });
    alice = named('X26ABC1');
    bob = named('X26ABC2');
  });
  after(() => platform.end());

  it('shows that it is there to anybody, and a mailbox to its owner', async () => {
    const ping = await bob.call('/_ping', { token: '' });
    assert.equal(ping.status, 200);
    const about = { 'mex-clientversion': 'test', 'mex-osname': 'x', 'mex-osversion': '1' };
    const one = await bob.call('/X26ABC2', { method: 'POST', headers: about });
    assert.deepEqual([one.status, one.json], [200, { mailboxId: 'X26ABC2' }]);
    const two = await bob.call('/x26abc2', { headers: { ...about, ...v2 } });
    assert.deepEqual([two.status, two.text], [200, '']);
    const missing = await bob.call('/X26ABC2', { method: 'POST' });
    assert.equal(missing.status, 400);
    assert.deepEqual(missing.json.detail[0].loc, ['header', 'mex-clientversion']);
  });

  it('R167 passes a message on: sent, listed, fetched, acknowledged, tracked', async () => {
    const sent = await alice.send('X26ABC2', 'TEST_WORKFLOW', 'hello', {
      ...v2,
      'Mex-LocalID': 'local 1',
      'Mex-Subject': 'greetings',
      'content-type': 'text/plain',
    });
    assert.equal(sent.status, 202);
    assert.equal(sent.headers.get('content-type'), v2.accept);
    const { message_id: id } = sent.json;
    assert.match(id, /^\d{20}_[0-9A-F]{6}$/);
    const list = await bob.inbox('', v2);
    assert.ok(list.json.messages.includes(id));
    assert.equal(list.json.links.self, '/messageexchange/X26ABC2/inbox');
    assert.ok(list.json.approx_inbox_count >= 1);
    const got = await bob.fetch(id, v2);
    assert.deepEqual([got.status, got.text], [200, 'hello']);
    const fields = Object.fromEntries(got.headers);
    assert.deepEqual(
      ['from', 'to', 'workflowid', 'localid', 'subject', 'messageid', 'messagetype'].map(
        (name) => fields[`mex-${name}`],
      ),
      ['X26ABC1', 'X26ABC2', 'TEST_WORKFLOW', 'local 1', 'greetings', id, 'DATA'],
    );
    assert.deepEqual(
      [fields['mex-chunk-range'], fields['mex-filename'], fields['content-type']],
      ['1:1', `${id}.dat`, 'text/plain'],
    );
    assert.equal((await bob.fetch(id)).headers.get('content-type'), 'application/octet-stream');
    const head = await bob.call(`/X26ABC2/inbox/${id}`, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, '5']);
    const before = await alice.track(id, v2);
    assert.deepEqual([before.json.status, before.json.status_success], ['accepted', true]);
    const acks = await Promise.all(Array.from({ length: 5 }, () => bob.acknowledge(id)));
    for (const ack of acks) assert.deepEqual([ack.status, ack.json], [200, { messageId: id }]);
    assert.equal((await bob.fetch(id)).status, 410);
    assert.equal((await bob.inbox()).json.messages.includes(id), false);
    const after = await alice.track(id);
    assert.deepEqual([after.json.status, after.json.localId], ['Acknowledged', 'local 1']);
    assert.equal((await bob.track(id)).status, 404);
    const byLocal = await alice.call('/X26ABC1/outbox/tracking/local%201');
    assert.equal(byLocal.json.messageId, id);
  });

  it('lets a message be sent in chunks, in any order, each again, and hands it out whole', async () => {
    const parts = ['first ', 'second ', 'third'].map((text) => new Uint8Array(gzipSync(text)));
    const encoding = { 'content-encoding': 'gzip' };
    const first = await alice.send('X26ABC2', 'TEST_WORKFLOW', parts[0] ?? '', {
      ...encoding,
      'mex-chunk-range': '1:3',
      'mex-content-type': 'text/plain',
    });
    const { messageID: id } = first.json;
    const chunk = (n: number, range = `${n}:3`, more: Record<string, string> = encoding) =>
      alice.call(`/X26ABC1/outbox/${id}/${n}`, {
        method: 'POST',
        headers: { 'mex-chunk-range': range, ...more },
        body: parts[(n - 1) % 3] ?? '',
      });
    assert.equal((await bob.fetch(id)).status, 410);
    assert.equal((await chunk(2, '2:4')).status, 417);
    assert.equal((await chunk(4, '4:4')).status, 406);
    assert.equal((await chunk(2, '3:3')).status, 417);
    assert.equal(
      (await chunk(2, '2:3', {})).json.errorDescription,
      'cannot change content encoding',
    );
    const third = await chunk(3);
    assert.deepEqual([third.status, third.json], [202, { messageID: id, blockID: 3 }]);
    assert.equal((await bob.inbox()).json.messages.includes(id), false);
    const lasts = await Promise.all([chunk(2), chunk(2)]);
    assert.ok(lasts.some(({ status }) => status === 202));
    assert.equal((await chunk(2)).status, 423);
    const got = [];
    for (const n of [1, 2, 3]) {
      const one = await bob.call(`/X26ABC2/inbox/${id}/${n}`, { headers: v2 });
      assert.equal(one.status, n < 3 ? 206 : 200);
      assert.equal(one.headers.get('mex-chunk-range'), `${n}:3`);
      got.push(one.text); // fetch expands
    }
    assert.equal(got.join(''), 'first second third');
    const plain = await bob.call(`/X26ABC2/inbox/${id}`, {
      headers: { 'accept-encoding': 'identity' },
    });
    assert.deepEqual(
      [plain.status, plain.text, plain.headers.get('content-encoding')],
      [206, 'first ', null],
    );
    for (const [n, status] of [
      [4, 404],
      [0, 400],
      ['x', 400],
    ])
      assert.equal((await bob.call(`/X26ABC2/inbox/${id}/${n}`)).status, status);
  });

  it('keeps long bodies beside the documents and gives them back exactly', async () => {
    const bytes = Buffer.alloc(3_000_000, 'abcdefghij\n');
    const sent = await alice.send('X26ABC2', 'TEST_WORKFLOW', bytes);
    const got = await bob.fetch(sent.json.messageID);
    assert.ok(got.bytes.equals(bytes));
    const part = await bob.fetch(sent.json.messageID, { range: 'bytes=10-19' });
    assert.deepEqual([part.status, part.text], [206, bytes.subarray(10, 20).toString()]);
  });

  it('refuses a used, forged or stale token, and does not use it up for another', async () => {
    const token = bob.token();
    const uses = await Promise.all(
      Array.from({ length: 10 }, () => bob.call('/X26ABC2/inbox', { token })),
    );
    assert.deepEqual(uses.map(({ status }) => status).toSorted(), [200, ...Array(9).fill(403)]);
    const fresh = bob.token();
    const forged = fresh.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    assert.equal((await bob.call('/X26ABC2/inbox', { token: forged })).status, 403);
    assert.equal((await bob.call('/X26ABC2/count', { token: fresh })).status, 200);
    for (const hours of [-3, 3]) {
      const other = meshCaller(platform.url, 'X26ABC2', {
        now: () => clock.now() + hours * 3_600_000,
      });
      assert.equal((await other.inbox()).status, 403);
    }
    for (const wrong of ['', 'Bearer x', 'NHSMESH a:b', `NHSMESH ${'x:'.repeat(5)}`, alice.token()])
      assert.equal((await bob.call('/X26ABC2/inbox', { token: wrong })).status, 403);
    assert.equal((await named('X26OFF1').inbox()).status, 403);
    assert.equal((await named('NOBODY').inbox()).status, 403);
  });

  it('pages through an inbox while it is emptied, with cursors that nobody else can make', async () => {
    const [carol, dave] = [named('ALICE'), named('BOB')];
    const ids: string[] = [];
    for (let i = 0; i < 25; i++)
      ids.push((await carol.send('BOB', 'RESTRICTED_WORKFLOW', `${i}`)).json.messageID);
    const seen: string[] = [];
    let next = '?max_results=10';
    let cursor = '';
    while (next !== '') {
      const page = await dave.inbox(next, v2);
      seen.push(...page.json.messages);
      for (const id of page.json.messages) await dave.acknowledge(id);
      const link: string = page.json.links.next ?? '';
      next = link.replace(/^[^?]*/, '');
      cursor = new URLSearchParams(next).get('continue_from') ?? cursor;
    }
    assert.deepEqual(seen, ids);
    const foreign = await bob.inbox(`?continue_from=${cursor}`, v2);
    assert.equal(foreign.status, 400);
    for (const wrong of ['?continue_from=short', '?max_results=9', '?max_results=5001'])
      assert.equal((await dave.inbox(wrong, v2)).status, 400, wrong);
    const forged = `?continue_from=${'A'.repeat(16)}.${'B'.repeat(40)}`;
    assert.equal((await dave.inbox(forged, v2)).status, 400);
  });

  it('reports to the sender what nobody has registered for, and what was not fetched in five days', async () => {
    const refused = await alice.send('NOBODY1', 'TEST_WORKFLOW', 'x', v2);
    assert.equal(refused.status, 417);
    assert.deepEqual(refused.json.detail[0].code, '12');
    const late = await alice.send('X26ABC2', 'TEST_WORKFLOW', 'x', {
      ...v2,
      'mex-subject': 'late',
    });
    offset += 5 * 24 * 3_600_000 + 60_000;
    const reportOn = async (id: string) => {
      for (;;) {
        const { messages } = (await alice.inbox()).json;
        for (const one of messages) {
          const report = await alice.fetch(one);
          if (report.headers.get('mex-linkedmsgid') === id) return report;
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    const first = await reportOn(refused.json.message_id);
    assert.deepEqual(
      [first.headers.get('mex-statuscode'), first.headers.get('mex-statussuccess'), first.text],
      ['12', 'ERROR', ''],
    );
    const second = await reportOn(late.json.message_id);
    assert.deepEqual(
      [second.headers.get('mex-statuscode'), second.headers.get('mex-subject')],
      ['14', 'NDR: late'],
    );
    const tracked = await alice.track(late.json.message_id, v2);
    assert.deepEqual([tracked.json.status, tracked.json.status_success], ['undeliverable', false]);
    assert.equal((await bob.fetch(late.json.message_id)).status, 410);
  });

  it('finds the mailboxes of an organisation that take a workflow', async () => {
    const two = await bob.call('/endpointlookup/X26/RESTRICTED_WORKFLOW', {
      token: '',
      headers: v2,
    });
    assert.deepEqual(two.json, { results: [{ mailbox_id: 'BOB', mailbox_name: 'TESTMB2' }] });
    const one = await bob.call('/endpointlookup/x26/RESTRICTED_WORKFLOW', { token: '' });
    assert.equal(one.json.results[0].address, 'BOB');
    const none = await bob.call('/endpointlookup/X99/RESTRICTED_WORKFLOW', { token: '' });
    assert.deepEqual([none.status, none.json.results], [200, []]);
    const older = await fetch(`${platform.url}/endpointlookup/mesh/X26/RESTRICTED_WORKFLOW`);
    assert.equal(older.status, 200);
    const search = await bob.call('/workflowsearch/TEST_WORKFLOW2', { token: '' });
    assert.equal(search.json.results.length, 3);
  });
});
