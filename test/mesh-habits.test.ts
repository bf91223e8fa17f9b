import assert from 'node:assert/strict';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { meshCaller, v2, type MeshCallerOf } from './mesh-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('MESH, its bounds and the habits of its clients', () => {
  let platform: TestPlatform;
  let alice: MeshCallerOf;
  let bob: MeshCallerOf;
  const flow = 'RESTRICTED_WORKFLOW';

  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform({});
    alice = meshCaller(platform.url, 'ALICE');
    bob = meshCaller(platform.url, 'BOB');
  });
  after(() => platform.end());

  it('tells in test environments why a token is refused, and in no body', async () => {
    const wrong = await meshCaller(platform.url, 'BOB', { password: 'other' }).inbox();
    assert.equal(wrong.status, 403);
    assert.match(wrong.headers.get('x-gatehouse-why') ?? '', /HMAC-SHA-256/);
    assert.deepEqual(wrong.json, {
      ...{ errorEvent: 'SEND', errorCode: 'EPL-151' },
      errorDescription: 'Invalid Authentication Token',
    });
    const token = bob.token();
    await bob.call('/BOB/count', { token });
    const again = await bob.call('/BOB/count', { token, headers: v2 });
    assert.equal(again.json.detail[0].msg, 'Error Duplicated Authentication Token');
    assert.match(again.headers.get('x-gatehouse-why') ?? '', /once/);
  });

  it('takes each field up to its bound and refuses one more', async () => {
    for (const [name, most] of [
      ...(['mex-localid', 'mex-filename'] as const).map((one) => [one, 300] as const),
      ...(['mex-subject', 'mex-partnerid'] as const).map((one) => [one, 500] as const),
      ['mex-content-checksum', 100],
      ['mex-content-type', 100],
    ] as const) {
      const at = await alice.send('BOB', flow, 'x', { [name]: 'a'.repeat(most) });
      assert.equal(at.status, 202, name);
      const over = await alice.send('BOB', flow, 'x', { [name]: 'a'.repeat(most + 1) });
      assert.equal(over.status, 400, name);
      assert.deepEqual(over.json.detail[0].loc, ['header', name]);
    }
  });

  it('refuses a send by the rule that it breaks', async () => {
    const cases: readonly (readonly [
      number,
      string | undefined,
      Record<string, string>,
      string?,
    ])[] = [
      [400, undefined, { 'mex-to': '' }],
      [400, undefined, { 'mex-workflowid': '' }],
      [400, '06', { 'mex-subject': 'a\tb' }],
      [400, '06', { 'mex-to': 'http://example.org' }],
      [400, 'Invalid checksum', { 'mex-content-checksum': 'a+b=' }],
      [422, 'UnsupportedContentEncoding', { 'content-encoding': 'br' }],
      [417, 'InvalidHeaderChunks', { 'mex-chunk-range': '2:3' }],
      [417, 'InvalidHeaderChunks', { 'mex-chunk-range': 'one' }],
      [417, 'InvalidHeaderChunks', { 'mex-chunk-range': '1:0' }],
      [417, 'InvalidHeaderChunks', { 'mex-chunk-range': '1:10001' }],
      [417, '07', { 'mex-from': 'BOB' }],
      [417, '11', { 'mex-messagetype': 'REPORT' }],
      [417, '12', { 'mex-to': 'X26OFF1' }],
      [417, '12', { 'mex-to': '../../etc' }],
      [417, '16', { 'mex-workflowid': 'ANOTHER_WORKFLOW' }],
      [417, '17', { 'mex-to': 'BARRY' }],
      [417, '02', {}, ''],
    ];
    for (const [status, code, headers, body = 'x'] of cases) {
      const answer = await alice.send('BOB', flow, body, { ...v2, ...headers });
      assert.equal(answer.status, status, JSON.stringify(headers));
      if (code !== undefined) assert.equal(answer.json.detail[0].code, code, answer.text);
    }
    const accept = await alice.inbox('', { accept: 'application/vnd.mesh.v3+json' });
    assert.equal(accept.status, 400);
    assert.equal((await alice.inbox('', { accept: '*/*' })).json.links, undefined);
  });

  it('tells strangers nothing of a message', async () => {
    const { messageID: id } = (await alice.send('BOB', flow, 'x')).json;
    const barry = meshCaller(platform.url, 'BARRY');
    assert.equal((await barry.fetch(id)).status, 403);
    assert.equal((await barry.acknowledge(id)).status, 403);
    assert.equal((await barry.track(id)).status, 404);
    assert.equal((await barry.call(`/BARRY/inbox/${id}`, { method: 'HEAD' })).status, 404);
    for (const wrong of ['nothing', 'A'.repeat(500), '..%2f..', '%00', '%F0%9F'])
      assert.equal((await bob.fetch(wrong)).status, 404, wrong);
    for (const wrong of ['nothing', '%00', '%F0%9F'])
      assert.equal((await alice.call(`/ALICE/outbox/tracking/${wrong}`)).status, 404, wrong);
    const first = await alice.send('BOB', flow, 'x', { 'mex-chunk-range': '1:20' });
    for (const n of ['0x10', '1e1', '%2016', '-1', '16.0'])
      assert.equal(
        (
          await alice.call(`/ALICE/outbox/${String(first.json.messageID)}/${n}`, {
            ...{ method: 'POST', headers: { 'mex-chunk-range': '16:20' }, body: 'x' },
          })
        ).status,
        417,
        n,
      );
    assert.equal((await alice.track('')).status, 400);
    const unnamed = await alice.call(`/ALICE/outbox/tracking?=${id}`);
    assert.equal(unnamed.json.messageId, id);
  });

  it('takes a body without a length, in whatever encoding it says, and hands it out both ways', async () => {
    const packed = gzipSync('packed by a client');
    const id = await new Promise<string>((resolve, reject) => {
      const outgoing = request(`${platform.url}/messageexchange/ALICE/outbox`, {
        method: 'POST',
        headers: {
          ...{ Authorization: alice.token(), 'Mex-To': ' bob ', 'Mex-WorkflowID': flow },
          ...{ 'Content-Encoding': 'GZIP', 'Transfer-Encoding': 'chunked' },
        },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          resolve((JSON.parse(text) as { messageID: string }).messageID);
        });
      });
      outgoing.write(packed.subarray(0, 5));
      outgoing.end(packed.subarray(5));
    });
    const kept = await bob.fetch(id, { 'accept-encoding': 'gzip' });
    assert.deepEqual(
      [kept.headers.get('content-encoding'), kept.headers.get('mex-content-compressed'), kept.text],
      ['gzip', 'Y', 'packed by a client'],
    );
    const plain = await bob.fetch(id, { 'accept-encoding': 'identity' });
    assert.deepEqual(
      [plain.headers.get('content-encoding'), plain.headers.get('content-length')],
      [null, '18'],
    );
    const names = [...plain.headers.keys()];
    assert.deepEqual(
      names,
      names.map((name) => name.toLowerCase()),
    );
  });

  it('ends a body that is no gzip, or grows without measure, without harm', async () => {
    const encoding = { 'content-encoding': 'gzip' };
    const bomb = gzipSync(Buffer.alloc(30_000_000), { level: 9 });
    for (const body of [Buffer.from('this is no gzip at all'), bomb]) {
      const { messageID: id } = (await alice.send('BOB', flow, new Uint8Array(body), encoding))
        .json;
      const asked = bob.fetch(id, { 'accept-encoding': 'identity' });
      const length = await asked.then(
        ({ bytes }) => bytes.length,
        () => 0,
      );
      assert.ok(length === 0 || length === 30_000_000);
    }
    assert.equal((await bob.call('/BOB/count')).status, 200);
  });

  it('shows rich lists, newest first, acknowledged messages too', async () => {
    const { messageID: id } = (await alice.send('BOB', flow, 'x', { 'mex-localid': 'rich' })).json;
    await bob.acknowledge(id);
    const { messageID: later } = (await alice.send('BOB', flow, 'y')).json;
    for (const [one, list] of [
      [alice, 'outbox'],
      [bob, 'inbox'],
    ] as const) {
      const answer = await one.call(`/${one.mailbox}/${list}/rich?max_results=2`);
      const { messages, links } = answer.json;
      assert.deepEqual(
        messages.map(({ message_id: each }: { message_id: string }) => each),
        [later, id],
      );
      assert.deepEqual([messages[1].status, messages[1].local_id], ['acknowledged', 'rich']);
      const next = String(links.next).replace('/messageexchange', '');
      assert.equal((await one.call(next)).status, 200);
    }
    assert.equal((await bob.call('/BOB/inbox/rich?start_time=yesterday')).status, 400);
    assert.equal((await bob.call('/BOB/inbox/rich?max_results=101')).status, 400);
  });

  it('lets a call wait for the first message, and a sandbox be emptied', async () => {
    const admin = (path: string, method: string, body?: string) =>
      fetch(`${platform.url}${path}`, { method, ...(body === undefined ? {} : { body }) });
    assert.equal((await admin('/messageexchange/admin/reset/BOB', 'DELETE')).status, 204);
    assert.deepEqual((await bob.inbox()).json.messages, []);
    const waiting = bob.inbox('?wait=30', v2);
    const { messageID: id } = (await alice.send('BOB', flow, 'x')).json;
    assert.deepEqual((await waiting).json.messages, [id]);
    assert.equal((await bob.inbox('?wait=61', v2)).status, 400);
    const report = { mailbox_id: 'bob', code: '14', description: 'late', workflow_id: flow };
    const planted = await admin('/messageexchange/admin/report', 'POST', JSON.stringify(report));
    const { message_id: reportId } = (await planted.json()) as { message_id: string };
    const got = await bob.fetch(reportId);
    assert.deepEqual(
      [got.headers.get('mex-messagetype'), got.headers.get('mex-statuscode'), got.bytes.length],
      ['REPORT', '14', 0],
    );
    const event = JSON.stringify({ status: 'error', code: 'EPL-150' });
    const forced = await admin(`/messageexchange/admin/message/${id}/event`, 'POST', event);
    assert.equal(forced.status, 200);
    assert.equal((await alice.track(id, v2)).json.status_code, 'EPL-150');
    for (const body of ['{', '[]', '{"mailbox_id":"../x"}'])
      assert.equal((await admin('/messageexchange/admin/report', 'POST', body)).status, 400, body);
    assert.equal((await admin('/admin/reset', 'DELETE')).status, 204);
    assert.equal((await admin('/env/int/messageexchange/admin/reset', 'DELETE')).status, 403);
    const limits = await bob.call('/_limits', { token: '' });
    assert.equal(limits.json.requestBytes, 104_857_600);
  });
});
