import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOutbox, type Runner } from '../../core/outbox-runner.ts';
import type { Blobs } from '../../core/blobs.ts';
import { fileBlobs } from '../../server/store/blobs.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../server/store/embedded.ts';
import { readChunk } from '../mesh/bodies.ts';
import { openBroker, type Broker } from '../mesh/broker.ts';
import { mailboxCollection, mailboxKey, openMailboxes } from '../mesh/mailboxes.ts';
import type { MeshMessage } from '../mesh/messages.ts';
import { eventTopics } from './delivery.ts';
import { openEvents, sweepEvents, type Events } from './engine.ts';
import { eventCollection, type Copy, type NewEvent } from './event.ts';
import { openMatching } from './matching.ts';

const silent = { log: () => undefined, child: () => silent };
const hour = 3_600_000;

function copy(mailbox: string, more: Partial<Copy> = {}): Copy {
  return {
    ...{ endpoint: mailbox, mailbox, workflow: 'TOLD', subscriptions: ['s'], form: 'published' },
    ...more,
  };
}

describe('the engine of events', () => {
  let dir: string;
  let store: EmbeddedStore;
  let blobs: Blobs;
  let broker: Broker;
  let mailboxes: ReturnType<typeof openMailboxes>;
  let events: Events;
  let runner: Runner;
  let time = Date.UTC(2026, 0, 1);
  const entered: string[] = [];
  const clock = { now: () => time };

  const event = (more: Partial<NewEvent> = {}): NewEvent => ({
    ...{ environment: 'sandbox', key: 'k', type: 't', time, copies: [copy('ONE')] },
    body: { content: 'hello', mediaType: 'text/plain' },
    ...more,
  });
  const inbox = async (mailbox: string): Promise<readonly MeshMessage[]> => {
    const query = { index: 'inbox', equals: [`sandbox|${mailbox}`], limit: 1000 };
    return (await broker.messages.find(query)).items.map(({ value }) => value);
  };

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-events-'));
    store = await openEmbeddedStore({ dir });
    blobs = fileBlobs(join(dir, 'blobs'));
    mailboxes = openMailboxes(store);
    for (const id of ['ONE', 'TWO'])
      await store.open(mailboxCollection).put(
        mailboxKey('sandbox', id),
        {
          ...{ environment: 'sandbox', id, name: id, odsCode: 'X', orgCode: 'X', orgName: '' },
          ...{ active: true, sealed: '' },
        },
        { expected: 0 },
      );
    const limits = { request: 100_000_000, message: 100_000_000 };
    const now = clock.now;
    broker = openBroker({ store, blobs, mailboxes, now, limits, spare: 0, workflows: 'known' });
    events = openEvents({ store, blobs, now, newId: () => crypto.randomUUID() });
    entered.length = 0;
    const topics = eventTopics({
      ...{ store, blobs, broker, mailboxes, now },
      forms: {
        upper: (_event, _copy, published) =>
          Promise.resolve({ content: published.toString().toUpperCase(), mediaType: 'text/plain' }),
        never: () => Promise.resolve({ refused: 'never' }),
      },
      entered: (one, { mailbox }) => {
        entered.push(`${one.type} ${mailbox}`);
        return Promise.resolve();
      },
    });
    runner = runOutbox({ store, clock, log: silent, topics, bringing: [eventCollection.name] });
  });
  afterEach(async () => {
    await runner.close();
    mailboxes.close();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('delivers up to 3 MB byte for byte, and nothing longer', async () => {
    const content = randomBytes(3 * 1024 * 1024);
    await events.publish(event({ body: { content, mediaType: 'application/fhir+xml' } }));
    await runner.look();
    const [message] = await inbox('ONE');
    assert.equal(message?.contentType, 'application/fhir+xml');
    const [chunk] = message.chunks;
    assert.ok(chunk);
    const bytes = Buffer.concat((await (await readChunk(blobs, chunk)).toArray()) as Buffer[]);
    assert.ok(bytes.equals(content));
    const longer = { content: Buffer.alloc(content.length + 1, 'x'), mediaType: 'text/plain' };
    await assert.rejects(events.publish(event({ key: 'l', body: longer })), /more than 3 MB/);
    const empty = { content: '', mediaType: 'text/plain' };
    await assert.rejects(events.publish(event({ key: 'e', body: empty })), /empty/);
  });

  it('knows a key for a day, also when it comes many times at once', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => events.publish(event())));
    assert.equal(new Set(all.map(({ id }) => id)).size, 1);
    assert.equal(all.filter(({ repeated }) => !repeated).length, 1);
    time += 23 * hour;
    assert.equal((await events.publish(event())).id, all[0]?.id);
    time += 2 * hour;
    const later = await events.publish(event());
    assert.notEqual(later.id, all[0]?.id);
    assert.equal((await events.publish(event())).id, later.id);
    const elsewhere = await events.publish(event({ environment: 'uat', copies: [] }));
    assert.equal(elsewhere.repeated, false);
    await runner.look();
    assert.equal((await inbox('ONE')).length, 2);
  });

  it('makes each copy in its form, one an endpoint, and enters who was told', async () => {
    const copies = [copy('ONE', { partnerId: 's1|tag' }), copy('TWO', { form: 'upper' })];
    await events.publish(event({ copies, subject: '9000000009' }));
    await runner.look();
    const texts = [...(await inbox('ONE')), ...(await inbox('TWO'))].map(
      ({ chunks, partnerId }) => [
        Buffer.from(chunks[0]?.inline ?? '', 'base64').toString(),
        partnerId,
      ],
    );
    assert.deepEqual(texts, [
      ['hello', 's1|tag'],
      ['HELLO', undefined],
    ]);
    assert.deepEqual(entered.toSorted(), ['t ONE', 't TWO']);
    const twice = [copy('ONE'), copy('ONE')];
    await assert.rejects(events.publish(event({ key: 'x', copies: twice })), /one copy/);
  });

  it('gives up what has no mailbox, no form, or is refused by its form', async () => {
    const copies = [
      copy('NOBODY'),
      copy('ONE', { form: 'unknown' }),
      copy('TWO', { endpoint: 'two', form: 'never' }),
    ];
    await events.publish(event({ copies }));
    await runner.look();
    assert.deepEqual([...(await inbox('ONE')), ...(await inbox('TWO'))], []);
    assert.deepEqual(entered, []);
  });

  it('hands in very many copies too', async function () {
    this.timeout(120_000);
    const copies = Array.from({ length: 700 }, (_, n) => copy('ONE', { endpoint: `e${n}` }));
    await events.publish(event({ copies }));
    await runner.look();
    assert.equal((await inbox('ONE')).length, 700);
  });

  it('makes copies again for one subscription and a time, until the events are gone', async () => {
    const start = time;
    await events.publish(event({ key: 'a', copies: [copy('ONE', { subscriptions: ['s1'] })] }));
    time += hour;
    const copies = [
      copy('ONE', { subscriptions: ['s1', 's2'] }),
      copy('TWO', { subscriptions: ['s2'] }),
    ];
    await events.publish(event({ key: 'b', copies }));
    await runner.look();
    const replay = (subscription: string, from: number, to: number) =>
      events.replay({ environment: 'sandbox', subscription, from, to });
    assert.deepEqual(await replay('s1', start, start + 1), { count: 1 });
    assert.deepEqual(await replay('s1', start + 1, time), { count: 1 });
    assert.deepEqual(await replay('s2', start, time), { count: 2 });
    assert.deepEqual(await replay('s3', start, time), { count: 0 });
    const other = { environment: 'uat', subscription: 's1', from: start, to: time };
    assert.deepEqual(await events.replay(other), { count: 0 });
    await runner.look();
    assert.deepEqual([(await inbox('ONE')).length, (await inbox('TWO')).length], [5, 2]);
    time += 31 * 24 * hour;
    assert.equal(await sweepEvents({ store, blobs, now: clock.now }), 2);
    assert.deepEqual(await replay('s1', start, time), { count: 0 });
  });

  it('matches by subscriptions as they are once their making is answered', async () => {
    const collection = { name: 'test.subscriptions', keys: () => ({ all: [['all']] }) };
    const subscriptions = store.open<{ key: string; least: number }>(collection);
    const matching = openMatching<{ key: string; least: number }, number>({
      ...{ store, collection },
      compile: ({ key, least }) => ({ keys: [key, 'any'], fits: (n) => n >= least }),
    });
    const found = async (key: string, n: number) =>
      (await matching.matches([key, 'any'], n)).map(({ least }) => least).toSorted((a, b) => a - b);
    assert.deepEqual(await found('x', 9), []);
    for (let n = 0; n < 5; n++) {
      await subscriptions.put(`id${n}`, { key: 'x', least: n }, { expected: 0 });
      assert.equal((await found('x', 9)).length, n + 1);
    }
    assert.deepEqual(await found('x', 2), [0, 1, 2]);
    await subscriptions.put('id0', { key: 'y', least: 7 }, { expected: 1 });
    assert.deepEqual(await matching.matches(['x'], 0), []);
    await subscriptions.remove('id4', 1);
    assert.deepEqual(await found('x', 9), [1, 2, 3, 7]);
    assert.equal(await matching.any(['y']), true);
    assert.equal(await matching.any(['z']), false);
    matching.close();
  });
});
