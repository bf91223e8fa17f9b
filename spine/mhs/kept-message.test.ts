import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore, type EmbeddedStore } from '../../server/store/embedded.ts';
import type { KeptBody } from './kept-bodies.ts';
import { messageKey, openMessages, type KeptMessage } from './kept-message.ts';
import { sweepSeen } from './processing.ts';

const hour = 60 * 60_000;
const long = Buffer.alloc(500_000, 'abcdefg');

describe('messages that are kept', () => {
  let dir: string;
  let store: EmbeddedStore;
  let time = 0;
  const now = () => time;
  const message = (messageId: string, body: KeptBody): KeptMessage => ({
    ...{ environment: 'uat', workspace: '', kind: 'forward', fromParty: 'A', toParty: 'B' },
    ...{ cpaId: 'S1', conversationId: messageId, service: 's', action: 'a', messageId },
    ...{ refToMessageId: undefined, contentType: 'text/xml', soapAction: 's/a' },
    ...{ acknowledged: true, body, received: time, until: time + hour },
  });
  const begin = async (id: string, content = long) => {
    const keeper = openMessages(store).bodies.keep(id, now);
    for await (const chunk of keeper.pass(inChunks(content))) assert.ok(chunk.length > 0);
    return keeper;
  };
  const keep = async (id: string, content = long) => {
    const body = await (await begin(id, content)).kept();
    const about = message(id, body);
    await openMessages(store).collection.put(messageKey(about), about, { expected: 0 });
    return body;
  };
  const pieces = () => store.open({ name: 'spine.pieces' }).count();
  const noted = () => store.open({ name: 'spine.bodies' }).count();

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-kept-'));
    store = await openEmbeddedStore({ dir });
    time = 1_000_000;
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('give back what came, short and long', async () => {
    for (const [id, content] of [
      ['short', Buffer.from('x')],
      ['long', long],
    ] as const) {
      const body = await keep(id, content);
      assert.equal(body.size, content.length);
      const found: Buffer[] = [];
      for await (const chunk of openMessages(store).read(body)) found.push(chunk);
      assert.ok(Buffer.concat(found).equals(content));
    }
    assert.equal(await pieces(), 3);
  });

  it('leave nothing when they are refused', async () => {
    const keeper = await begin('refused');
    assert.ok((await pieces()) > 0);
    await keeper.drop();
    assert.deepEqual([await pieces(), await noted()], [0, 0]);
  });

  it('leave nothing of one that was being read when the process was killed', async () => {
    await begin('killed');
    const body = await keep('kept');
    const left = await pieces();
    await openMessages(store).sweep(time);
    assert.equal(await pieces(), left, 'it may still be coming');
    time += 1.5 * hour;
    await openMessages(store).sweep(time);
    assert.equal(await pieces(), body.pieces?.count);
    assert.equal(await noted(), 0);
  });

  it('are removed with their pieces a day after they came', async () => {
    await keep('a');
    await keep('b', Buffer.from('x'));
    time += 25 * hour;
    await openMessages(store).sweep(time);
    assert.equal(await openMessages(store).collection.count(), 0);
    assert.equal(await pieces(), 0);
  });

  it('have their HL7 ids known for a month, and then forgotten', async () => {
    const seen = store.open<{ key: string; at: number }>({
      name: 'spine.hl7-ids',
      keys: ({ at }) => ({ at: [[String(at).padStart(15, '0')]] }),
    });
    await seen.put('a', { key: 'a', at: time }, { expected: 0 });
    assert.equal(await sweepSeen(store, time + 29 * 24 * hour), 0);
    assert.equal(await sweepSeen(store, time + 31 * 24 * hour), 1);
    assert.equal(await seen.count(), 0);
  });

  it('are refused when they took so long that they may have been swept', async () => {
    const keeper = await begin('slow');
    time += 31 * 60_000;
    await assert.rejects(keeper.kept(), { kind: 'timeout' });
  });
});

async function* inChunks(content: Buffer): AsyncGenerator<Buffer> {
  await Promise.resolve();
  for (let at = 0; at < content.length; at += 64 * 1024) yield content.subarray(at, at + 64 * 1024);
}
