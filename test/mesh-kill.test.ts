import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { meshCaller } from './mesh-ground.ts';
import { startServerProcess } from './server-process.ts';

const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('mailboxes of a server that is killed', () => {
  it('keep each message that was accepted, whole, hand out none that was acknowledged, and know used tokens', async function () {
    this.timeout(120_000);
    const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-'));
    const settings = { DATA_DIR: dataDir, PORT: '0' };
    const accepted = new Map<string, string>();
    const acknowledged = new Set<string>();
    const asked = new Set<string>();
    let used = '';
    for (let round = 0; round < 2; round++) {
      const server = startServerProcess(settings);
      const url = await server.ready;
      const [alice, bob] = [meshCaller(url, 'ALICE'), meshCaller(url, 'BOB')];
      if (used !== '') {
        const again = await bob.call('/BOB/inbox', { token: used });
        assert.equal(again.status, 403, 'a token is not good again after a restart');
      }
      let count = 0;
      const work = async (n: number) => {
        for (;;) {
          // Short bodies stay with the message, long ones are files; some come in two chunks.
          const size = n % 3 === 0 ? 200 : 60_000 + n;
          const bytes = randomBytes(size);
          const range = n % 2 === 0 ? {} : { 'mex-chunk-range': '1:2' };
          const first = n % 2 === 0 ? bytes : bytes.subarray(0, size >> 1);
          const sent = await alice.send('BOB', 'RESTRICTED_WORKFLOW', new Uint8Array(first), range);
          const id = String(sent.json.messageID);
          if (n % 2 !== 0) {
            const rest = await alice.call(`/ALICE/outbox/${id}/2`, {
              method: 'POST',
              headers: { 'mex-chunk-range': '2:2' },
              body: new Uint8Array(bytes.subarray(size >> 1)),
            });
            if (rest.status !== 202) throw new Error(rest.text);
          }
          if (sent.status !== 202) throw new Error(sent.text);
          accepted.set(id, digestOf(bytes));
          if (count % 4 === 0) {
            asked.add(id);
            const ack = await bob.acknowledge(id);
            if (ack.status === 200) acknowledged.add(id);
          }
          if (++count === 25) {
            used = bob.token();
            await bob.call('/BOB/count', { token: used });
            server.child.kill('SIGKILL');
          }
        }
      };
      await Promise.allSettled([0, 1, 2, 3, 4, 5].map(work)); // ends with the server
      await server.exit;
    }
    const last = startServerProcess(settings);
    const bob = meshCaller(await last.ready, 'BOB');
    const waiting: string[] = (await bob.inbox('?max_results=5000')).json.messages;
    const inInbox = new Set(waiting);
    const lost = [...accepted.keys()].filter((id) => !inInbox.has(id) && !asked.has(id));
    assert.deepEqual(lost, []);
    assert.deepEqual(
      [...acknowledged].filter((id) => inInbox.has(id)),
      [],
    );
    for (const id of waiting) {
      const first = await bob.fetch(id);
      const parts = [first.bytes];
      if (first.status === 206) parts.push((await bob.call(`/BOB/inbox/${id}/2`)).bytes);
      const wanted = accepted.get(id);
      if (wanted !== undefined) assert.equal(digestOf(Buffer.concat(parts)), wanted);
      // What was accepted and not yet told is whole too.
      else assert.equal(Number(first.headers.get('content-length')), first.bytes.length);
    }
    assert.ok(accepted.size >= 40);
    last.child.kill('SIGTERM');
    await last.exit;
    rmSync(dataDir, { recursive: true, force: true });
  });
});
