/** What nobody gets from MESH: a mailbox without proof, an address that stays, memory for what is not there. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { meshApi } from '../spine/mesh/api.ts';
import { openBroker } from '../spine/mesh/broker.ts';
import { expire } from '../spine/mesh/expiry.ts';
import { createCursors } from '../spine/mesh/inbox-query.ts';
import { openMailboxes } from '../spine/mesh/mailboxes.ts';
import { messageKey } from '../spine/mesh/messages.ts';
import { openUsedTokens } from '../spine/mesh/used-tokens.ts';
import { fileBlobs } from '../server/store/blobs.ts';
import { exchangeFor } from './exchange-for.ts';
import { meshCaller, v2 } from './mesh-ground.ts';
import { startTestPlatform, type TestPlatform } from './start-platform.ts';

describe('MESH, what it guards', () => {
  let platform: TestPlatform;
  const now = () => Date.now();
  const limits = { request: 1_000, message: 2_000 };
  const parts = () => {
    const { store } = platform;
    const blobs = fileBlobs(join(platform.dataDir, 'blobs'));
    const mailboxes = openMailboxes(store);
    const broker = openBroker({
      ...{ store, blobs, mailboxes, now, limits, spare: 0 },
      workflows: 'known',
    });
    return { store, blobs, mailboxes, broker };
  };

  before(async function () {
    this.timeout(60_000);
    platform = await startTestPlatform();
  });
  after(() => platform.end());

  it('lets nobody act for a mailbox who has not proved it, whatever stands in front', async () => {
    const { blobs, mailboxes, broker, store } = parts();
    const handler = meshApi({
      ...{ broker, blobs, mailboxes, now, base: '/messageexchange', limits: {} },
      usedTokens: openUsedTokens(store, now),
      cursors: createCursors(Buffer.alloc(32)),
      newId: () => crypto.randomUUID(),
    });
    const authorization = meshCaller(platform.url, 'BOB').token();
    const call = exchangeFor({ path: '/BOB/inbox', headers: { authorization } });
    await assert.rejects(handler(call), { kind: 'forbidden' });
    mailboxes.close();
    // The token is not used up by that.
    const bob = meshCaller(platform.url, 'BOB');
    assert.equal((await bob.call('/BOB/inbox', { token: authorization })).status, 200);
  });

  it('gives no mailbox at the addresses that are open to all', async () => {
    const anybody = meshCaller(platform.url, 'BOB');
    for (const path of ['endpointlookup/inbox', 'workflowsearch/outbox/rich', 'admin/count'])
      assert.equal((await anybody.call(`/${path}`, { token: '' })).status, 403, path);
    for (const path of ['endpointlookup/X26/%00', 'workflowsearch/%00', 'endpointlookup/%00/x']) {
      const answer = await anybody.call(`/${path}`, { token: '', headers: v2 });
      assert.deepEqual([answer.status, answer.json.results], [200, []], path);
    }
  });

  it('answers at once what comes beyond the calls of a mailbox that may wait', async () => {
    const barry = meshCaller(platform.url, 'BARRY');
    const gone = new AbortController();
    const asked = Array.from({ length: 9 }, () =>
      fetch(`${platform.url}/messageexchange/BARRY/inbox?wait=60`, {
        headers: { authorization: barry.token() },
        signal: gone.signal,
      }).then(
        ({ status }) => status,
        () => 0,
      ),
    );
    // Nothing is there for them: only what may not wait has an answer.
    assert.equal(await Promise.race(asked), 200);
    gone.abort();
    assert.equal((await Promise.all(asked)).filter((status) => status === 200).length, 1);
  });

  it('takes no report whose texts no header could hold', async () => {
    for (const text of ['a\nb', '\u0000', '\u{1f600}']) {
      const body = { mailbox_id: 'BOB', code: '14', description: text, workflow_id: 'W' };
      const url = `${platform.url}/messageexchange/admin/report`;
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      assert.equal(answer.status, 400);
    }
  });

  it('forgets the address of a patient whose message was never completed', async () => {
    const { store, blobs, broker } = parts();
    const alice = meshCaller(platform.url, 'ALICE');
    const sent = await alice.send(
      'GPPROVIDER_9000000009_20101022_Smith',
      'TOC_FHIR_IP_DISCH',
      'x',
      { 'mex-chunk-range': '1:2' },
    );
    const key = messageKey('sandbox', sent.json.messageID);
    assert.equal(typeof (await broker.messages.get(key))?.value.addressed, 'string');
    await expire({ store, blobs, now: () => Date.now() + 25 * 3_600_000 });
    const after = await broker.messages.get(key);
    assert.equal(after?.value.state, 'error');
    assert.equal(after.text.includes('9000000009'), false);
  });
});
